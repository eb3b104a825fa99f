import { err, isJsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import { readStrict } from "@portcullis/server";
import { parseInstantMs } from "../../instant.ts";
import { splitArray } from "./split-array.ts";

/** One call of a calls file. */
export interface GivenCall {
  readonly tool: string;
  readonly args: JsonValue | undefined;
  readonly atMs: number | undefined;
  readonly grant: string | undefined;
  readonly session: string | undefined;
}

export interface GivenCalls {
  readonly calls: readonly GivenCall[];
  /** True when the file held an array: the answer is an array, too. */
  readonly isArray: boolean;
  /** Keys that mean nothing, one line each. */
  readonly warnings: readonly string[];
}

const KEYS: readonly string[] = ["tool", "args", "at", "grant", "session"];

/**
 * One call `{"tool", "args"}` or an array of them, read as strictly as the gateway reads messages, so that a number or
 * key that the gateway refuses is not judged here either.
 */
export function parseCalls(bytes: Buffer): Result<GivenCalls, string> {
  const text = bytes.toString("utf8").trim();
  const isArray = text.startsWith("[");
  const parts = isArray ? splitArray(text) : [text];
  if (parts === undefined) return err("is not JSON: the array does not end");
  const calls: GivenCall[] = [];
  const warnings: string[] = [];
  for (const [index, part] of parts.entries()) {
    const place = isArray ? `call ${index + 1}: ` : "";
    const call = parseCall(part);
    if (!call.ok) return err(`${place}${call.error}`);
    calls.push(call.value.call);
    for (const key of call.value.unknown)
      warnings.push(`${place}\`${key}\` means nothing in a call; known: ${KEYS.join(", ")}`);
  }
  return ok({ calls, isArray, warnings });
}

function parseCall(
  text: string,
): Result<{ readonly call: GivenCall; readonly unknown: readonly string[] }, string> {
  const read = readStrict(Buffer.from(text));
  if (!read.ok) return err(`the gateway would not read this message: ${read.error.reason}`);
  const value = read.value;
  const tool = own(value, "tool");
  if (typeof tool !== "string") return err('needs `"tool": "<name>"`');
  const args = own(value, "args");
  if (args !== undefined && !isJsonObject(args)) return err("`args` must be an object");
  const [at, grant, session] = [own(value, "at"), own(value, "grant"), own(value, "session")];
  const atMs = typeof at === "string" ? parseInstantMs(at) : undefined;
  if (at !== undefined && atMs === undefined)
    return err("`at` must be an ISO time such as `2026-01-01T09:00:00Z`");
  if (grant !== undefined && typeof grant !== "string") return err("`grant` must be a label");
  if (session !== undefined && typeof session !== "string") return err("`session` must be a string");
  const unknown = Object.keys(value).filter((key) => !KEYS.includes(key));
  return ok({ call: { tool, args, atMs, grant, session }, unknown });
}
