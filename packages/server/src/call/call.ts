/**
 * The type of every stage of one call. Each stage takes what the stage before it made, so an order that skips
 * the decision does not compile: `forward` takes only an {@link IntendedCall}, which only `intend` makes, and
 * `reserve` only a {@link PermittedCall}, which the verdict did not stop.
 */
import type { Charge, Decision, JsonObject, JsonValue, Reservation } from "@portcullis/policy";
import type { Message, RequestId, RequestMessage } from "../mcp/json-rpc.ts";
import type { SseEvent } from "../mcp/sse.ts";
import type { OpenState, TaskHandle } from "./handles.ts";
import type { InFlightCalls } from "./in-flight.ts";
import type { Era, GoverningPolicy, Grant, Mode, PinnedTool, Server } from "./records.ts";
import type { Session } from "./sessions.ts";

/** `POST` carries one JSON-RPC message; `GET` opens a legacy stream; `DELETE` ends a legacy session. */
export type Verb = "POST" | "GET" | "DELETE";

/** The few client headers that the line reads; the rest stays behind. */
export interface ClientHeaders {
  /** Name, value, name, value, as received; empty for a client on stdio. */
  readonly raw: readonly string[];
  readonly accept: string | undefined;
  readonly protocolVersion: string | undefined;
  readonly sessionId: string | undefined;
  readonly lastEventId: string | undefined;
  readonly traceparent: string | undefined;
}

/** After head: a well-formed request for a route that exists, from nobody yet. */
export interface Head {
  readonly verb: Verb;
  readonly serverId: string;
  /** Of the token. */
  readonly digest: string;
  readonly headers: ClientHeaders;
}

/**
 * After identify, and anew where the call is judged: who calls what, under which policy. What it holds never changes,
 * so a call never sees two versions.
 */
export interface Access {
  readonly grant: Grant;
  /** Digest of the token; undefined where no token exists (`portcullis run`). */
  readonly digest: string | undefined;
  readonly server: Server;
  readonly policy: GoverningPolicy | undefined;
  readonly mode: Mode;
}

/** Where the answer goes. HTTP and stdio fronts implement it. */
export interface Reply {
  /** True once the client is gone or the answer is complete. */
  readonly closed: boolean;
  readonly streaming: boolean;
  whole(status: number, headers: readonly string[], body: Buffer | string | undefined): void;
  startStream(headers: readonly string[]): void;
  /** False asks the caller to pause until `onDrain`. */
  event(event: SseEvent): boolean;
  /**
   * Ends the stream. `lose` comes with the stream of a request that is unanswered and may be answered on another one
   * (legacy): a front that resumes streams for its client calls it when nothing more comes.
   */
  end(lose?: () => void): void;
  /** The client went away before the answer was complete. */
  onClose(listener: () => void): void;
  onDrain(listener: () => void): void;
}

/** One request of a known principal, before its body is read as a message. */
export interface Arrival {
  readonly requestId: string;
  readonly verb: Verb;
  readonly access: Access;
  readonly headers: ClientHeaders;
  readonly reply: Reply;
  /** HTTP mirrors headers of modern messages; stdio has none. */
  readonly mirrored: boolean;
  /** The session of a client on stdio, which has no session header. */
  readonly stdioSession: StdioSessionSlot | undefined;
  readonly startedMs: number;
}

/** Holds what a stdio client has open between its messages: one session, and requests that it may cancel. */
export interface StdioSessionSlot {
  current: Session | undefined;
  readonly inFlight: InFlightCalls;
}

/** What a message is about, as far as policy cares. */
export type Subject =
  | { readonly kind: "free" }
  | { readonly kind: "tool"; readonly name: string; readonly args: JsonObject | undefined }
  | { readonly kind: "resource"; readonly uri: string }
  | { readonly kind: "prompt"; readonly name: string }
  | { readonly kind: "template"; readonly uriTemplate: string }
  | { readonly kind: "list"; readonly of: ListKind }
  | { readonly kind: "listen"; readonly uris: readonly string[]; readonly tasks: readonly TaskHandle[] }
  | ({ readonly kind: "task" } & TaskHandle)
  | { readonly kind: "task-list" };

export type ListKind = "tools" | "resources" | "templates" | "prompts";

/** After route: a message (or a GET or DELETE) that the gateway knows, in one era, with its session. */
export interface RoutedCall {
  readonly arrival: Arrival;
  readonly era: Era;
  /** Undefined for GET and DELETE. */
  readonly message: Message | undefined;
  /** The judged bytes; rebuilt only where a sealed handle was opened. */
  readonly body: Buffer | undefined;
  /** `message.method`, or the verb. */
  readonly method: string;
  readonly subject: Subject;
  readonly session: Session | undefined;
  /** Whose process a stdio upstream uses: the session (legacy, fresh on `initialize`) or the grant (modern). */
  readonly channel: string;
  /** What it is good for once, and uses up when it is sent. */
  readonly once: Once | undefined;
}

/**
 * What serves one message alone. `state`: of a retry after `input_required`, which is already charged (policy-spec L6).
 * `question`: of the server to this session, which is answered once.
 */
export type Once =
  | { readonly kind: "state"; readonly state: OpenState }
  | { readonly kind: "question"; readonly id: RequestId };

interface Judged {
  readonly call: RoutedCall;
  readonly decision: Decision;
  /** The tool's pin at the time of judging. */
  readonly tool: PinnedTool | undefined;
}

/** What the client gets instead of an answer. */
export type StoppedCall = Judged & { readonly stop: Stop };
/** Goes on. Only this can be reserved for. */
export type PermittedCall = Judged & { readonly stop: undefined };
/** After decide: policy's answer, in whatever mode. */
export type JudgedCall = StoppedCall | PermittedCall;

export type Stop = "denied" | "held" | "unknown-tool";

declare const allowedBrand: unique symbol;
declare const intendedBrand: unique symbol;

/** After reserve: may run, once an intent is on record. Only `reserve` makes one. */
export type AllowedCall = {
  readonly call: RoutedCall;
  readonly decision: Decision;
  readonly tool: PinnedTool | undefined;
  readonly charges: readonly Charge[];
} & { readonly [allowedBrand]: true };

/** After intend: its audit row is committed. Only `intend` makes one, and only this can be sent. */
export type IntendedCall = AllowedCall & { readonly seq: number } & { readonly [intendedBrand]: true };

export type { Decision, JsonObject, JsonValue, Message, RequestMessage, Reservation };
