import { deepStrictEqual } from "node:assert";
import { type Contestant, callsOf } from "./contestants/contestant.ts";
import { answerResult, callBody, callHeaders, listBody, listHeaders, toolList } from "./wire.ts";

let nextId = 700_000_000;

/**
 * Asks once and holds the answer, as a whole value, against what the upstream says. Throws when it differs. Gives the
 * bytes of the answer, its head included, but for the framing of chunks.
 */
export async function prove(contestant: Contestant): Promise<number> {
  nextId += 1;
  const { name, era, url } = contestant;
  const { method, tools, bytes, textBytes, listed } = callsOf(contestant);
  const isList = method === "tools/list";
  const tool = tools[nextId % tools.length] ?? "";
  const headers = { ...(isList ? listHeaders(era) : callHeaders(era, tool)), ...contestant.headers };
  const body = isList ? listBody(era, nextId) : callBody(era, nextId, tool, bytes);
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  const shown = `${name} answered ${response.status} ${text.slice(0, 300)}`;
  deepStrictEqual(response.status, 200, shown);
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const answer: unknown = JSON.parse(isStream ? dataOf(text) : text);
  const result = isList ? toolList(era, listed) : answerResult(era, textBytes);
  deepStrictEqual(answer, { jsonrpc: "2.0", id: nextId, result }, shown);
  const head = [...response.headers].map(([header, value]) => `${header}: ${value}\r\n`).join("");
  return `HTTP/1.1 200 OK\r\n${head}\r\n${text}`.length;
}

/** The data of the last event. */
function dataOf(stream: string): string {
  const line = stream.split("\n").findLast((text) => text.startsWith("data: {"));
  return line?.slice("data: ".length) ?? "";
}
