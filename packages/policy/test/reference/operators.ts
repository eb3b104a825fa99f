import { RE2JS } from "re2js";
import type { Operator } from "../../src/document.ts";
import type { JsonValue } from "../../src/json.ts";

/** Stands in a message for wording that the specification leaves open. */
export const FREE_WORDING = "\u0000";

/** The kind of a JSON value with its article, as R5 writes it. */
export function nameKind(value: JsonValue): string {
  const kind = kindOf(value);
  if (kind === "null") return "null";
  return `${kind === "array" || kind === "object" ? "an" : "a"} ${kind}`;
}

/** True, false, or why it is unknown (C1, R5). */
export type Judged = boolean | { readonly why: string };
type Judge = (argument: JsonValue, value: JsonValue, path: string) => Judged;

/** Every operator but `exists` on a value that is neither missing nor null (policy-spec section 4). */
export const judges: Record<Exclude<Operator, "exists">, Judge> = {
  eq: isEqual,
  neq: (argument, value, path) => opposite(isEqual(argument, value, path)),
  in: isListed,
  not_in: (argument, value, path) => opposite(isListed(argument, value, path)),
  lt: ordered((argument, value) => argument < value),
  lte: ordered((argument, value) => argument <= value),
  gt: ordered((argument, value) => argument > value),
  gte: ordered((argument, value) => argument >= value),
  contains,
  regex: onStrings((argument, value) => {
    if ([...argument].length > 65_536) return { why: FREE_WORDING };
    return RE2JS.compile(value).matcher(argument).find();
  }),
  starts_with: onStrings((argument, value) => {
    const points = [...argument];
    return [...value].every((point, index) => points[index] === point);
  }),
  ends_with: onStrings((argument, value) => {
    const points = [...argument].reverse();
    return [...value].reverse().every((point, index) => points[index] === point);
  }),
  length_lte: (argument, value) => {
    if (typeof argument === "string") return [...argument].length <= Number(value);
    return Array.isArray(argument) ? argument.length <= Number(value) : { why: FREE_WORDING };
  },
  path_within: (argument, value) => {
    if (typeof argument !== "string") return wrongKind(argument, "a string");
    const segments = resolvePath(argument);
    if (segments === undefined) return { why: FREE_WORDING };
    return listOf(value).some((directory) => {
      const outer = resolvePath(String(directory)) ?? [];
      return outer.every((segment, index) => segments[index] === segment);
    });
  },
  host_in: (argument, value) => {
    if (typeof argument !== "string") return wrongKind(argument, "a string");
    const host = hostOf(argument);
    return host === undefined
      ? { why: FREE_WORDING }
      : listOf(value).some((entry) => isHost(host, String(entry)));
  },
};

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function wrongKind(argument: JsonValue, wanted: string): { readonly why: string } {
  return { why: `is ${nameKind(argument)}, not ${wanted}` };
}

function listOf(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function opposite(judged: Judged): Judged {
  return typeof judged === "boolean" ? !judged : judged;
}

function isEqual(argument: JsonValue, value: JsonValue, _path: string): Judged {
  return kindOf(argument) === kindOf(value) ? argument === value : wrongKind(argument, nameKind(value));
}

function isListed(argument: JsonValue, value: JsonValue, _path: string): Judged {
  const comparable = listOf(value).filter((element) => kindOf(element) === kindOf(argument));
  return comparable.length === 0 ? { why: FREE_WORDING } : comparable.includes(argument);
}

function ordered(compare: (argument: number | string, value: number | string) => boolean): Judge {
  return (argument, value, path) => {
    // C3: only `time.date` is ordered as text.
    if (path === "time.date") return compare(String(argument), String(value));
    return typeof argument === "number" ? compare(argument, Number(value)) : wrongKind(argument, "a number");
  };
}

function onStrings(judge: (argument: string, value: string) => Judged): Judge {
  return (argument, value) =>
    typeof argument === "string" ? judge(argument, String(value)) : wrongKind(argument, "a string");
}

function contains(argument: JsonValue, value: JsonValue, _path: string): Judged {
  if (typeof argument === "string") {
    return typeof value === "string" ? argument.includes(value) : { why: FREE_WORDING };
  }
  if (!Array.isArray(argument)) return { why: FREE_WORDING };
  if (argument.some((element) => element === value)) return true;
  return argument.some((element) => kindOf(element) !== kindOf(value)) ? { why: FREE_WORDING } : false;
}

function resolvePath(path: string): string[] | undefined {
  if (!path.startsWith("/") || /[\0\\]|%(?:2e|2f|5c|00|25)/i.test(path)) return undefined;
  const body = path.slice(1).replace(/(?<=.)\/$/s, "");
  const resolved: string[] = [];
  for (const segment of body === "" ? [] : body.split("/")) {
    if (segment === "") return undefined;
    if (segment === "..") {
      if (resolved.pop() === undefined) return undefined;
    } else if (segment !== ".") resolved.push(segment);
  }
  return resolved;
}

function hostOf(address: string): string | undefined {
  const [, authority] = /^https?:\/\/([^/?#]+)/i.exec(address) ?? [];
  if (authority === undefined || authority.includes("@") || /[\\\s\p{Cc}]/u.test(address)) return undefined;
  if (!URL.canParse(address)) return undefined;
  const host = new URL(address).hostname.toLowerCase().replace(/\.$/, "");
  return host === "" ? undefined : host;
}

function isHost(host: string, entry: string): boolean {
  if (!entry.startsWith("*.")) return hostOf(`http://${entry}/`) === host;
  const parent = `.${hostOf(`http://${entry.slice(2)}/`)}`;
  return host.endsWith(parent) && host !== parent;
}
