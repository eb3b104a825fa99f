/** What the gateway said, read the same way on every front. */
import { headerOf, type RawAnswer } from "./raw-client.ts";

export type Reply = {
  readonly kind: "http" | "line" | "none";
  readonly status?: number;
  readonly headers?: RawAnswer["headers"];
  readonly lines?: readonly string[];
  /** Everything that was said. */
  readonly text: string;
  /** The body of an HTTP answer. */
  readonly body?: string;
  /** JSON-RPC, where the answer is an error. */
  readonly error?: { readonly code: number; readonly message: string } | undefined;
  /** The first text of a tool result that is an error. */
  readonly toolText?: string | undefined;
};

export const NOTHING: Reply = { kind: "none", text: "" };

interface Message {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: {
    readonly isError?: unknown;
    readonly resultType?: unknown;
    readonly content?: readonly { text?: string }[];
  };
}

export function readReply(answer: RawAnswer): Reply {
  const { status, headers, body, wire } = answer;
  const text = body.toString("utf8");
  return { kind: "http", status, headers, ...readText(text), body: text, text: wire.toString("utf8") };
}

export function readLines(lines: readonly string[]): Reply {
  return { kind: "line", lines, ...readText(lines[0] ?? ""), text: lines.join("\n") };
}

function readText(text: string): Pick<Reply, "error" | "toolText"> {
  const message = toMessage(text);
  const toolText = message?.result?.isError === true ? message.result.content?.[0]?.text : undefined;
  return { error: message?.error, toolText };
}

function toMessage(text: string): Message | undefined {
  try {
    return JSON.parse(text) as Message;
  } catch {
    return undefined;
  }
}

/** Stack traces, folders, and versions of what the gateway is made of. */
const INSIDE = /\bat .*:\d+:\d+|node_modules|node:internal|packages\/|\/tmp\/|SQLITE|x-powered-by|^server:/im;

/** What is wrong with the shape of an answer for a caller of this era; the oracle's sixth rule. */
export function wellFormedness(
  reply: Reply,
  era: "legacy" | "modern",
  id: string | number | undefined,
): readonly string[] {
  const problems: string[] = [];
  if (INSIDE.test(reply.text)) problems.push(`the answer shows the inside: ${reply.text.slice(0, 200)}`);
  const body = bodyOf(reply);
  if (body === undefined) return problems;
  const message = toMessage(body);
  if (message === undefined || message.jsonrpc !== "2.0")
    return [...problems, `no JSON-RPC: ${body.slice(0, 200)}`];
  if (message.id !== null && message.id !== id) problems.push(`the id is ${JSON.stringify(message.id)}`);
  if ((message.result === undefined) === (message.error === undefined))
    problems.push("neither a result nor an error, or both");
  if (message.result !== undefined && (message.result.resultType === "complete") !== (era === "modern"))
    problems.push("`resultType` is not of the caller's era");
  return problems;
}

/** The JSON of an answer; undefined where there is none to be read. */
function bodyOf(reply: Reply): string | undefined {
  if (reply.kind === "line")
    return reply.lines?.length === 1 ? reply.lines[0] : `${reply.lines?.length} lines`;
  if (reply.kind === "none" || reply.status === 0) return undefined;
  const type = headerOf(reply.headers ?? [], "content-type");
  const { body = "" } = reply;
  // Node's own parser refuses with a status alone, and so is a HEAD answered.
  if (body === "") return undefined;
  return type === "application/json" ? body : `type ${type}`;
}
