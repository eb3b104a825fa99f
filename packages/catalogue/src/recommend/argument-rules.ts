import type { Entry, Leaf, Predicate } from "@portcullis/policy";
import type { ToolDefinition } from "../tool.ts";
import type { Category } from "../verdict.ts";
import type { Argument } from "./argument.ts";
import { type ArgumentKind, knownArguments } from "./argument-kinds.ts";
import { type Fill, fillFor } from "./fill.ts";
import { quoteCode } from "./plain-text.ts";
import { denied, readingSql, valuesPath } from "./rule-parts.ts";

/** What a rule of the recommended entry does with an argument, in words. */
export interface ArgumentRule {
  /** As the policy names it: `args.path`. */
  readonly path: string;
  readonly text: string;
}

export interface ArgumentAdvice {
  /** In force in the recommended entry. */
  readonly rules: readonly ArgumentRule[];
  readonly entry: Pick<Entry, "require" | "deny_if">;
  readonly fill: readonly Fill[];
}

/** Arguments of one tool that get rules: M5 allows 64 predicates, a person reads fewer. */
const MAX_ADVISED = 16;

/**
 * Rules on the arguments of a tool. In force are only those that need no value from the user and stop no ordinary
 * call; the others are suggestions to fill in.
 */
export function adviseArguments(tool: ToolDefinition, category: Category): ArgumentAdvice {
  const advised = knownArguments(tool).slice(0, MAX_ADVISED);
  const inForce = advised.flatMap(
    ({ argument, kind }) => ruleFor(argument, kind, { category, name: tool.name }) ?? [],
  );
  const require = inForce.flatMap((rule) => rule.require ?? []);
  const denyIf = inForce.flatMap((rule) => rule.denyIf ?? []);
  return {
    rules: inForce.map(({ path, text }) => ({ path, text })),
    entry: {
      ...(require.length === 0 ? {} : { require }),
      ...(denyIf.length === 0 ? {} : { deny_if: denyIf }),
    },
    fill: advised.flatMap(({ argument, kind }) => fillFor(argument, kind, { tool, category }) ?? []),
  };
}

interface RuleInForce extends ArgumentRule {
  readonly require?: readonly Predicate[];
  readonly denyIf?: readonly Predicate[];
}

function ruleFor(
  argument: Argument,
  kind: ArgumentKind,
  { category, name }: { readonly category: Category; readonly name: string },
): RuleInForce | undefined {
  if (kind === "path") return pathRule(argument);
  if (kind === "url") return urlRule(argument);
  // What may change data is meant to; only a tool that reads has no use for such statements.
  if (kind === "sql" && category === "Read" && !READS_NO_DATA.test(name)) return sqlRule(argument);
  return undefined;
}

/** Tools that look at a statement of any kind and do not run it. */
const READS_NO_DATA = /lint|format|valid|pars|plan|convert|translat|analy/i;

/** A step upwards, in either notation. */
const UPWARDS = String.raw`(?:^|[/\\])\.\.(?:[/\\]|$)`;
/** Folders of the system, however many slashes and dots stand before. */
const SYSTEM_FOLDERS = String.raw`(?i)^(?:file:)?/(?:\.?/)*(?:private/+)?(?:etc|proc|sys|dev|boot|root)(?:/|$)`;
/** Where credentials lie by custom. */
const CREDENTIAL_FILES = String.raw`(?i)(?:^|[/\\])(?:\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.netrc|\.pgpass|\.git-credentials|\.npmrc|\.pypirc|\.env(?:\.(?:local|production))?|id_(?:rsa|dsa|ecdsa|ed25519))(?:[/\\]|$)`;

function pathRule(argument: Argument): RuleInForce {
  const path = valuesPath(argument);
  const deny = (value: string, onDeny: string): Predicate =>
    denied(argument, [{ path, op: "regex", value }], onDeny);
  return {
    path: argument.path,
    text: `${quoteCode(argument.name)} is refused with a \`..\` step, below /etc, /proc, /sys, /dev, /boot or /root, and where it names a usual place of credentials (such as .ssh, .aws or .env). Symbolic links are not seen.`,
    denyIf: [
      deny(UPWARDS, "A path may not go upwards with `..`."),
      deny(SYSTEM_FOLDERS, "Folders of the system are not open to agents."),
      deny(CREDENTIAL_FILES, "Files with credentials are not open to agents."),
    ],
  };
}

/** Names and addresses under which clouds hand out credentials to whoever asks from inside. */
const METADATA_ADDRESSES = ["169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200"];
const METADATA_HOSTS = [
  ...METADATA_ADDRESSES,
  // The same as IPv6: an address can be spelt so.
  ...METADATA_ADDRESSES.map((address) => `[::ffff:${address}]`),
  "[fd00:ec2::254]",
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "metadata.azure.internal",
  "instance-data",
  "instance-data.ec2.internal",
];

function urlRule(argument: Argument): RuleInForce {
  const leaf: Leaf = { path: valuesPath(argument), op: "host_in", value: METADATA_HOSTS };
  return {
    path: argument.path,
    text: `${quoteCode(argument.name)} must be an http or https address without a user name in it, and must not name a metadata service of a cloud. What a host name resolves to is not seen.`,
    // C2: what is no plain web address is unknown, and so denied.
    denyIf: [denied(argument, [leaf], "Give a full http or https address that is no metadata service.")],
  };
}

function sqlRule(argument: Argument): RuleInForce {
  return {
    path: argument.path,
    text: `${quoteCode(argument.name)} must begin with a word that reads (SELECT, WITH, SHOW, EXPLAIN, DESCRIBE, VALUES or TABLE), and is refused with a word that changes (INSERT, UPDATE, DELETE, MERGE, DROP, ALTER, CREATE, TRUNCATE, GRANT or REVOKE) anywhere in it. Functions with side effects are not seen: give the server an account that can only read.`,
    ...readingSql(argument),
  };
}
