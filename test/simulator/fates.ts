import type { Random } from "../../packages/policy/test/reference/random.ts";
import type { OutcomeStatus, UpstreamFailure, UpstreamSink } from "../../packages/server/src/call/ports.ts";

/** What an upstream does with one request. */
export interface Fate {
  readonly name: string;
  /** The tool ran. */
  readonly ran: boolean;
  /** The charges go back (policy-spec L6): always, only those that say so, or never. */
  readonly refund: "all" | "on-error" | "none";
  /** What the log must call it, when nothing else ended the call before. */
  readonly status: OutcomeStatus;
  readonly answer: (sink: UpstreamSink, id: number) => void;
}

type Answer = Fate["answer"];
const json = (status: number, body: (id: number) => object): Answer => {
  return (sink, id) =>
    sink.onAnswer(status, Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, ...body(id) })), undefined);
};
const done = (id: number, isError: boolean) => ({
  result: { resultType: "complete", content: [{ type: "text", text: `ran ${id}.` }], isError },
});
const rpcError = (code: number): Answer => json(200, () => ({ error: { code, message: "no" } }));
const empty = (status: number): Answer => {
  return (sink) => sink.onAnswer(status, Buffer.alloc(0), undefined);
};
const fail = (failure: UpstreamFailure): Answer => {
  return (sink) => sink.onFail(failure);
};
const stream = (isWhole: boolean): Answer => {
  return (sink, id) => {
    sink.onStream(undefined);
    sink.onEvent({ data: JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: {} }) });
    if (isWhole) sink.onEvent({ data: JSON.stringify({ jsonrpc: "2.0", id, ...done(id, false) }) });
    sink.onEnd();
  };
};

function fate(
  name: string,
  ran: boolean,
  refund: Fate["refund"],
  status: OutcomeStatus,
  answer: Answer,
): Fate {
  return { name, ran, refund, status, answer };
}

const DONE = fate(
  "done",
  true,
  "none",
  "ok",
  json(200, (id) => done(id, false)),
);
const OTHERS: readonly Fate[] = [
  fate(
    "tool-error",
    true,
    "on-error",
    "tool_error",
    json(200, (id) => done(id, true)),
  ),
  fate("invalid-params", false, "all", "rpc_error", rpcError(-32602)),
  fate("method-unknown", false, "all", "rpc_error", rpcError(-32601)),
  fate("server-error", true, "none", "rpc_error", rpcError(-32000)),
  fate("http-400", false, "all", "upstream_error", empty(400)),
  fate("http-429", false, "all", "upstream_error", empty(429)),
  fate("http-500", true, "none", "upstream_error", empty(500)),
  fate("unreachable", false, "all", "upstream_error", fail({ kind: "unreachable", sent: false })),
  fate("cut-unrun", false, "none", "unknown", fail({ kind: "cut", sent: true })),
  fate("cut-after", true, "none", "unknown", fail({ kind: "cut", sent: true })),
  fate("deadline", true, "none", "unknown", fail({ kind: "deadline", sent: true })),
  fate("garbage", true, "none", "upstream_error", (sink) => sink.onAnswer(200, Buffer.from("{"), undefined)),
  fate("stream", true, "none", "ok", stream(true)),
  fate("stream-cut", true, "none", "unknown", stream(false)),
];

/** Most calls simply succeed. */
export function drawFate(random: Random): Fate {
  return random.below(100) < 62 ? DONE : random.pick(OTHERS);
}

/** `initialize` of a server with sessions. */
export function sessionAnswer(upstreamSession: string): Answer {
  return (sink, id) => {
    const result = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      serverInfo: { name: "s", version: "1" },
    };
    sink.onAnswer(200, Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result })), upstreamSession);
  };
}
