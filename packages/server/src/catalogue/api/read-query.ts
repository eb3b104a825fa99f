import { CATEGORIES, type Category, RISKS, type Risk } from "@portcullis/catalogue";
import { err, ok, type Result } from "@portcullis/policy";
import type { SearchQuery } from "../reader.ts";

const MAX_WORDS_CHARS = 200;
const MAX_NAME_CHARS = 300;
const MAX_CURSOR_CHARS = 1_000;

/** What `?q=&kind=&risk=&category=&server=&cursor=&limit=` asks for. The error says what to write instead. */
export function readSearchQuery(query: URLSearchParams, defaultLimit: number): Result<SearchQuery, string> {
  const kind = given(query, "kind");
  const risk = toRisk(given(query, "risk"));
  const category = toCategory(given(query, "category"));
  const limit = given(query, "limit") ?? String(defaultLimit);
  const server = given(query, "server");
  const cursor = given(query, "cursor");
  if (kind !== undefined && kind !== "tool" && kind !== "server")
    return err("`kind` must be `tool` or `server`.");
  if (risk === null) return err(`\`risk\` must be one of ${RISKS.join(", ")}.`);
  if (category === null) return err(`\`category\` must be one of ${CATEGORIES.join(", ")}.`);
  if (!/^[1-9]\d?$|^100$/.test(limit)) return err("`limit` must be a whole number from 1 to 100.");
  if ((server?.length ?? 0) > MAX_NAME_CHARS) return err("`server` is too long to be a name.");
  if ((cursor?.length ?? 0) > MAX_CURSOR_CHARS) return err("`cursor` is none that was given out.");
  return ok({
    words: toWords(query.get("q")),
    ...(kind === undefined ? {} : { kind }),
    ...(risk === undefined ? {} : { risk }),
    ...(category === undefined ? {} : { category }),
    ...(server === undefined ? {} : { server }),
    ...(cursor === undefined ? {} : { cursor }),
    limit: Number(limit),
  });
}

/** What is looked for: without the characters that cannot be seen, which no index holds. */
export function toWords(text: string | null): string {
  return (text ?? "")
    .slice(0, MAX_WORDS_CHARS)
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}]+/gu, " ")
    .trim();
}

/** Undefined where nothing is asked for, null where it is none. */
export function toRisk(text: string | undefined): Risk | undefined | null {
  return text === undefined ? undefined : (RISKS.find((risk) => risk === text.toLowerCase()) ?? null);
}

export function toCategory(text: string | undefined): Category | undefined | null {
  if (text === undefined) return undefined;
  return CATEGORIES.find((category) => category.toLowerCase() === text.toLowerCase()) ?? null;
}

function given(query: URLSearchParams, key: string): string | undefined {
  const value = query.get(key);
  return value === null || value === "" ? undefined : value;
}
