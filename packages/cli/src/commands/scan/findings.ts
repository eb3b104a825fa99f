import type { Risk } from "@portcullis/catalogue";
import type { LookAlikes } from "../../clients/look-alikes.ts";
import { isUnpinned, packageOf } from "../../clients/package-reference.ts";
import { isPlainSecret, secretsInUrl, secretWords } from "../../clients/plain-secrets.ts";
import type { RawServer } from "../../clients/raw-server.ts";

/** What is said of an entry itself, whatever its tools do. */
export interface Finding {
  readonly rule: FindingRule;
  readonly risk: Risk;
  /** One sentence; names what it is about, and never shows a secret. */
  readonly message: string;
}

export type FindingRule = keyof typeof FINDING_RULES;

/** Every rule, with its risk and what to do. */
export const FINDING_RULES = {
  "plain-text-secret": {
    risk: "high",
    title: "Secret in plain text",
    help: "Take it from a variable, or let the gateway keep it: `portcullis init` seals it.",
  },
  "unpinned-package": {
    risk: "medium",
    title: "Package without a fixed version",
    help: "Name an exact version: what runs tomorrow is otherwise chosen by whoever publishes it.",
  },
  "look-alike-package": {
    risk: "high",
    title: "Package that looks like a well-known one",
    help: "Compare its name with the documentation of the server that you want: a name that is nearly right is how strangers' programs get installed.",
  },
  "plain-http": {
    risk: "high",
    title: "Server over unencrypted HTTP",
    help: "Use https: whoever is on the way reads and changes calls, answers and credentials.",
  },
} as const satisfies { readonly [rule: string]: { readonly risk: Risk; title: string; help: string } };

export function findingsOf(raw: RawServer): readonly Finding[] {
  return [...secretFindings(raw), ...packageFindings(raw), ...urlFindings(raw)];
}

/** What is said of the package that a command runs; it stands in a file, or was named just now. */
export function lookAlikeFindings(
  command: readonly string[] | undefined,
  lookAlikes: LookAlikes,
): readonly Finding[] {
  const message = command === undefined ? undefined : lookAlikes(command);
  return message === undefined ? [] : [finding("look-alike-package", message)];
}

function finding(rule: FindingRule, message: string): Finding {
  return { rule, risk: FINDING_RULES[rule].risk, message };
}

function secretFindings({ env, headers, args, command, url }: RawServer): readonly Finding[] {
  const places = [
    ...env.filter(isPlainSecret).map(([name]) => `the variable \`${name.slice(0, 80)}\``),
    ...headers.filter(isPlainSecret).map(([name]) => `the header \`${name.slice(0, 80)}\``),
    ...secretWords(command === undefined ? [] : [command, ...args]).map(({ where }) => where),
    ...secretsInUrl(url ?? "").map(({ where }) => where),
  ];
  return places.map((place) => finding("plain-text-secret", `The value of ${place} stands in the file.`));
}

function packageFindings({ command, args }: RawServer): readonly Finding[] {
  const reference = command === undefined ? undefined : packageOf([command, ...args]);
  if (reference === undefined || !isUnpinned(reference)) return [];
  const version = reference.version === undefined ? "no version" : `\`${reference.version.slice(0, 80)}\``;
  return [finding("unpinned-package", `\`${reference.name.slice(0, 120)}\` runs with ${version}.`)];
}

function urlFindings({ url }: RawServer): readonly Finding[] {
  if (url === undefined || !URL.canParse(url)) return [];
  const { protocol, hostname } = new URL(url);
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)$/.test(hostname);
  if (protocol !== "http:" || isLocal) return [];
  return [finding("plain-http", `\`${hostname}\` is reached without encryption.`)];
}
