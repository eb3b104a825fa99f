/** Names that servers and agents use; members of Object.prototype and unusual code points among them. */
export const TOOL_NAMES = [
  "get_user",
  "get_user_secret",
  "get_user_x",
  "set_user",
  "delete_user",
  "pay",
  "a",
  "ab",
  "aab",
  "a/b~c",
  "constructor",
  "toString",
  "__proto__",
  "größe",
  "gro\u0308ße",
  "😀tool",
  "Get_User",
  "pay_rate",
  "secret",
  "*",
  "",
] as const;

/** Entry keys that are no globs. */
export const EXACT_KEYS = [
  "get_user",
  "get_user_secret",
  "set_user",
  "delete_user",
  "pay",
  "a",
  "ab",
  "a/b~c",
  "constructor",
  "größe",
  "😀tool",
] as const;

/** Keys that overlap, contain each other, or are the same set written twice (policy-spec T3). */
export const GLOBS = [
  "*",
  "**",
  "get_*",
  "set_*",
  "*_user",
  "*secret*",
  "get_user_*",
  "a*",
  "*b",
  "a*b",
  "a*b*",
  "*😀*",
  "del*_u*",
  "*a*",
  "g*_user_s*",
  "*e*e*",
  "get_*_secret",
  "p*y",
  "*tool",
  "*/*",
] as const;

export const PROMPT_PATTERNS = ["admin_*", "*", "help", "*_secret", "admin_help", "sum*"] as const;
export const PROMPTS = [
  "admin_x",
  "help",
  "Help",
  "admin_help",
  "a_secret",
  "sum",
  "constructor",
  "admin_",
] as const;
