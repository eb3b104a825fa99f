import { describe, expect, test } from "vitest";
import type { Reply } from "../../src/call/call.ts";
import { handleMessage } from "../../src/call/handle-call.ts";
import type { Ports } from "../../src/call/ports.ts";
import { requestDigest } from "../../src/call/request-digest.ts";
import { KEYS } from "../storage/fixtures.ts";
import { LEGACY, type LineRig, openLine } from "./line-rig.ts";

const POLICY = {
  version: "1",
  default: "deny",
  tools: { run: { limits: [{ counter: "calls", window: "day", max: 1 }] } },
};
const CALL = { name: "run", arguments: {} };

/** The log cannot be written for the first intent that is sent. */
function fullOnce(): (ports: Ports) => Ports {
  let isFull = true;
  return (ports) => ({
    ...ports,
    audit: {
      intend: (entry) => {
        if (!isFull || entry.method === "initialize") return ports.audit.intend(entry);
        isFull = false;
        return Promise.resolve(undefined);
      },
      record: (entry) => ports.audit.record(entry),
    },
  });
}

/** A state as a server's question left it with the client. */
function stateOf({ line, access }: LineRig, nonce = "n"): string {
  const digest = requestDigest({ kind: "request", id: 1, method: "tools/call", params: CALL }, KEYS);
  return line.states.seal(access(), digest, "inner", line.ports.clock.monotonicMs(), nonce);
}

/** The status with which the client's answer to question 9 of the server is taken. */
async function answer({ line, access }: LineRig): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const ignore = (): void => {};
  const reply: Reply = {
    closed: false,
    streaming: false,
    whole: resolve,
    startStream: ignore,
    event: () => true,
    end: ignore,
    onClose: ignore,
    onDrain: ignore,
  };
  const headers = { raw: [], accept: undefined, protocolVersion: LEGACY, sessionId: undefined };
  const arrival = {
    requestId: "r",
    verb: "POST",
    access: access(),
    headers: { ...headers, lastEventId: undefined, traceparent: undefined },
    reply,
    mirrored: true,
    stdioSession: undefined,
    startedMs: 0,
  } as const;
  await handleMessage(arrival, Buffer.from('{"jsonrpc":"2.0","id":9,"result":{}}'), line);
  return promise;
}

function asks({ line, access }: LineRig): void {
  line.sessions.stateless(access(), line.ports.clock.monotonicMs()).serverRequests.add(9);
}

describe("what is good once is used up by what is sent alone", () => {
  test("a state is good again when the log could not be written (policy-spec L6)", async () => {
    await using rig = await openLine({ era: "modern", policy: POLICY, distort: fullOnce() });
    const params = { ...CALL, requestState: stateOf(rig) };
    const statuses: number[] = [];
    for (const _ of [1, 2, 3]) statuses.push((await rig.send("tools/call", params)).status);
    expect([statuses, rig.ran()]).toEqual([[503, 200, 400], ["run"]]);
  });

  test("a state serves one of those that come at the same time", async () => {
    await using rig = await openLine({ era: "modern", policy: POLICY });
    const params = { ...CALL, requestState: stateOf(rig) };
    const sent = await Promise.all(Array.from({ length: 8 }, () => rig.send("tools/call", params)));
    expect(sent.filter(({ status }) => status === 200).length).toBe(1);
    expect(sent.filter(({ status }) => status === 400).length).toBe(7);
    expect(rig.ran()).toEqual(["run"]);
  });

  test("a question of the server can be answered again when the log could not be written", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY, distort: fullOnce() });
    asks(rig);
    expect([await answer(rig), await answer(rig), await answer(rig)]).toEqual([503, 200, 202]);
  });

  test("a question is answered by one of those that come at the same time", async () => {
    await using rig = await openLine({ era: "legacy", policy: POLICY });
    asks(rig);
    const statuses = await Promise.all([answer(rig), answer(rig), answer(rig)]);
    expect(statuses.sort()).toEqual([200, 202, 202]);
  });
});
