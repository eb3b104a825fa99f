import { deepStrictEqual } from "node:assert";
import { type Contestant, SITE, sitePath } from "./contestants/contestant.ts";
import { answerResult, callBody, callHeaders, toolName } from "./wire.ts";

/** The whole bytes of a call as it is timed, body only. */
export const CALL_BYTES = 503;

let nextId = 700_000_000;

/** Makes one call and holds its answer, as a whole value, against what the upstream says. Throws when it differs. */
export async function prove(
  contestant: Contestant,
  site: { textBytes: number } = SITE,
  bytes = CALL_BYTES,
): Promise<void> {
  nextId += 1;
  const { name, era, url } = contestant;
  const tool = toolName(nextId % SITE.tools);
  const headers = { ...callHeaders(era, tool), ...contestant.headers };
  const response = await fetch(url, { method: "POST", headers, body: callBody(era, nextId, tool, bytes) });
  const text = await response.text();
  const shown = `${name} (${sitePath(era)}) answered ${response.status} ${text.slice(0, 300)}`;
  deepStrictEqual(response.status, 200, shown);
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const answer: unknown = JSON.parse(isStream ? dataOf(text) : text);
  deepStrictEqual(answer, { jsonrpc: "2.0", id: nextId, result: answerResult(era, site.textBytes) }, shown);
}

/** The data of the last event. */
function dataOf(stream: string): string {
  return (
    stream
      .split("\n")
      .findLast((line) => line.startsWith("data: {"))
      ?.slice("data: ".length) ?? ""
  );
}
