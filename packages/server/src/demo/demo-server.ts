/**
 * A small MCP server over stdio for every revision from 2024-11-05 to 2026-07-28: offline, and its tools only
 * pretend. Run as a program; it ends when its standard input does.
 */
import { createInterface } from "node:readline";
import type { JsonObject, JsonValue } from "@portcullis/policy";
import { type DemoAnswer, fault, isObject } from "./demo-answer.ts";
import { DemoLegacySession } from "./demo-legacy.ts";
import { answerModern, isModern } from "./demo-modern.ts";

const session = new DemoLegacySession();
const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on("line", (line) => {
  const answer = answerLine(line);
  if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
});

function answerLine(line: string): JsonObject | undefined {
  const message = parseJson(line);
  if (message === undefined) return { jsonrpc: "2.0", ...fault(-32700, "Parse error") };
  if (!isObject(message) || message["jsonrpc"] !== "2.0" || typeof message["method"] !== "string") {
    return { jsonrpc: "2.0", ...fault(-32600, "Invalid request") };
  }
  const id = message["id"];
  // Without an id it is a notification; none changes anything here.
  if (id === undefined) return undefined;
  if (typeof id !== "string" && typeof id !== "number")
    return { jsonrpc: "2.0", ...fault(-32600, "Invalid request") };
  const params = isObject(message["params"]) ? message["params"] : {};
  return { jsonrpc: "2.0", id, ...answerRequest(message["method"], params) };
}

/** A request that names its revision is of 2026-07-28, in any process; the others follow an `initialize`. */
function answerRequest(method: string, params: JsonObject): DemoAnswer {
  const isLegacy = !isModern(params) && (session.isBegun || method === "initialize" || method === "ping");
  return isLegacy ? session.answer(method, params) : answerModern(method, params);
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
