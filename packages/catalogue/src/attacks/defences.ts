import type { Defence } from "./attack-pattern.ts";

const now = (text: string): Defence => ({ text, status: "now" });

/** Defences that several patterns share. What is `now` is in this repository; SECURITY.md and ARCHITECTURE.md say where. */
export const PINS = now(
  "Definitions are pinned: name, description and schema of a tool are accepted once, and a tool that is new or changed is stopped until somebody accepts it.",
);
export const HIDING = now(
  'A policy with `default: "deny"` shows and admits only the tools that it names; a hidden tool cannot be called on any path.',
);
export const ARGUMENT_RULES = now(
  "Argument rules refuse what should not be asked: directories with `path_within`, hosts with `host_in`, patterns with `regex`, amounts with `lte`.",
);
export const LIMITS = now(
  "Limits per grant are exact; what is beyond is refused before the server is asked.",
);
export const CREDENTIALS = now(
  "The gateway keeps the servers' credentials sealed; an agent holds a grant token that no server ever sees.",
);
export const REDACTION = now(
  "The gateway takes its own credentials out of a server's answers, also in Base64 and hexadecimal.",
);
export const LOG = now(
  "Every call is in a hash-chained log before its first byte leaves, with the names of its arguments, never their values.",
);
export const ORIGIN_CHECKS = now(
  "The gateway answers only for the hosts that it is configured for, and refuses requests of foreign web pages (`Host`, `Origin`).",
);
export const OUTBOUND_GUARD = now(
  "Addresses of servers that somebody else chose are resolved and judged before a connection is made; metadata addresses are never allowed, redirects never followed.",
);
export const COMMANDS = now(
  "Commands are registered by the operator, run without a shell, and get a few harmless variables and those that they are given, nothing else of the gateway's.",
);
export const LOOK_ALIKES = now(
  "`scan` and `init` report a package whose name is nearly that of a well-known one: a letter, a dash, a look-alike character or a scope away.",
);
export const APPROVALS: Defence = {
  text: "A policy can hold calls for a person; this version has no approvals yet, and refuses what is held.",
  status: "not-yet",
};
export const SEPARATE_GRANTS = now(
  "Each agent has a grant of its own with a policy of its own, so that the one that reads strangers' text need not be the one that can send or delete.",
);

/** What no gateway can do, but you can. */
export function outside(text: string): Defence {
  return { text, status: "outside" };
}
