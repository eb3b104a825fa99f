/**
 * What the line of a call needs from the rest of the gateway. The line owns these interfaces and asks for the
 * few methods it uses; `main.ts` hands it the implementations.
 */
import type { Charge, CounterIds, JsonObject, Reservation, Result } from "@portcullis/policy";
import type { Message } from "../mcp/json-rpc.ts";
import type { SseEvent } from "../mcp/sse.ts";
import type { Era, GoverningPolicy, Grant, GrantId, Mode, PolicyId, Server, ServerId } from "./records.ts";

/** The control plane's rows as immutable compiled records; every lookup sees the newest committed state. */
export interface Snapshot {
  /** `digest` as `Keys.tokenDigest` makes it. Revoked grants are not found; expiry is the caller's to check. */
  grantByDigest(digest: string): Grant | undefined;
  /** False once the grant was revoked or rotated away from `digest`. Expiry is the caller's to check. */
  isCurrent(grant: Grant, digest: string | undefined): boolean;
  server(id: string): Server | undefined;
  policy(id: PolicyId): GoverningPolicy | undefined;
  /** Calls `listener` after every change that another process or this one committed. Returns the unsubscriber. */
  onChange(listener: () => void): () => void;
}

/** Keyed digests and seals; every key is separated by purpose. */
export interface Keys {
  /** Digest of a grant token; undefined, without any digesting, for text that is no grant token by prefix and checksum. */
  tokenDigest(token: string): string | undefined;
  /** HMAC-SHA256, hex: a plain hash of arguments could be guessed back. */
  argumentsHmac(text: string): string;
  /** Seals `plain` to `context` (AEAD); URL-safe text. */
  seal(purpose: SealPurpose, context: string, plain: string): string;
  /** The plain text, or undefined when it was not sealed here for this purpose and context. */
  unseal(purpose: SealPurpose, context: string, sealed: string): string | undefined;
}
export type SealPurpose = "cursor" | "task" | "request-state";

/** All-or-nothing quota store (policy-spec L5). A store that cannot answer in time denies (L8): it fails, never allows. */
export interface Counters {
  reserve(
    reservations: readonly Reservation[],
    ids: CounterIds,
    nowMs: number,
  ): Reserving | Promise<Reserving>;
  /** Gives charges back, each at most once, to the window they were taken from (L6). */
  refund(charges: readonly Charge[]): void;
}
export type Reserving =
  | { readonly ok: true; readonly charges: readonly Charge[] }
  | {
      readonly ok: false;
      readonly rule: string;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };

/** How a call that was sent ended. */
export type OutcomeStatus = "ok" | "tool_error" | "rpc_error" | "upstream_error" | "unknown" | "cancelled";

/** The audit row of one authenticated request, before anything was sent. */
export interface IntentEntry {
  readonly time: number;
  readonly requestId: string;
  readonly grant: GrantId;
  readonly grantLabel: string;
  readonly server: ServerId;
  readonly serverName: string;
  /** JSON-RPC method, or `GET` / `DELETE` for those verbs, or `""` when it could not be read. */
  readonly method: string;
  readonly tool: string | undefined;
  readonly toolHash: string | undefined;
  /** Top-level names, sorted and bounded; never values. */
  readonly argumentKeys: readonly string[];
  readonly argumentsHmac: string | undefined;
  readonly argumentsBytes: number | undefined;
  readonly policy: PolicyId | undefined;
  readonly policyName: string | undefined;
  readonly policyVersion: number | undefined;
  readonly mode: Mode;
  /** What policy said, also in shadow mode. */
  readonly effect: "allow" | "deny" | "hold";
  readonly rule: string;
  readonly message: string;
  /** `sent`: goes upstream once this row is committed. `stopped`: policy's verdict. `refused`: no message to judge. */
  readonly fate: "sent" | "stopped" | "refused";
}

/** The second row of a call that was sent. */
export interface OutcomeEntry {
  /** `seq` of the intent. */
  readonly of: number;
  readonly time: number;
  readonly status: OutcomeStatus;
  readonly httpStatus: number | undefined;
  readonly latencyMs: number;
  /** Bytes of the answer. */
  readonly bytes: number;
}

/** The hash-chained log. */
export interface Audit {
  /** Resolves with the row's `seq` once it is committed; undefined when it could not be (then nothing may be sent). */
  intend(entry: IntentEntry): Promise<number | undefined>;
  /** Rides in the next commit; never delays an answer. */
  record(entry: OutcomeEntry): void;
}

/** What one verb sends upstream. */
export interface UpstreamRequest {
  readonly server: Server;
  readonly verb: "POST" | "GET" | "DELETE";
  /** The judged bytes themselves. */
  readonly body: Buffer | undefined;
  /** The judged message; stdio upstreams need its id and method. */
  readonly message: Message | undefined;
  readonly era: Era;
  /** Name, value, name, value: everything but the credential, `host` and `content-length`. */
  readonly headers: readonly string[];
  /** Whose process a stdio upstream uses: the gateway's session id (legacy) or the grant id (modern). */
  readonly channel: string;
  /** On whose behalf; undefined is the gateway itself. */
  readonly grant: GrantId | undefined;
  /** `Mcp-Session-Id` that the upstream issued. */
  readonly upstreamSession: string | undefined;
  readonly deadlineMs: number;
}

/** One request on its way; callbacks never come before `open` returned, nor after `cancel`, `onEnd` or `onFail`. */
export interface UpstreamSink {
  /** A whole answer that is not a stream: JSON, or an empty body (`202`, `204`, `405` …). */
  onAnswer(status: number, body: Buffer, session: string | undefined): void;
  /** An event stream begins. */
  onStream(session: string | undefined): void;
  onEvent(event: SseEvent): void;
  onEnd(): void;
  onFail(failure: UpstreamFailure): void;
}

export interface Exchange {
  /** Stops it: closes the stream (HTTP) or sends `notifications/cancelled` (stdio). */
  cancel(): void;
  pause(): void;
  resume(): void;
}

/** Why an upstream gave no usable answer. `sent` is false only when provably no byte of the request left (L6). */
export interface UpstreamFailure {
  readonly kind:
    | "unreachable"
    | "refused-address"
    | "tls"
    | "busy"
    | "deadline"
    | "stalled"
    | "cut"
    | "garbage"
    | "too-large"
    | "exited"
    | "redirect";
  readonly sent: boolean;
  readonly httpStatus?: number;
}

/** Every upstream server, whatever its transport. */
export interface Upstreams {
  /** The era as last detected or set; undefined before the first detection. */
  knownEra(server: Server): Era | undefined;
  detectEra(server: Server): Promise<Result<Era, UpstreamFailure>>;
  open(request: UpstreamRequest, sink: UpstreamSink): Exchange;
  /** Ends a legacy session that nobody uses any more: DELETE upstream, or the end of its process. */
  closeSession(server: Server, channel: string, upstreamSession: string | undefined): void;
}

/** The tool lists of servers and their pins. */
export interface Tools {
  /** True when a list was taken recently enough to answer from (5 minutes). */
  isFresh(server: Server): boolean;
  /** Takes the list anew; one request at a time per server. The newest record of the server is in the snapshot afterwards. */
  refresh(server: Server): Promise<Result<void, UpstreamFailure>>;
  /** As refresh, but at most once per server in ten seconds, for names that no list has (policy-spec R4). */
  refreshForUnknown(server: Server): Promise<void>;
  /**
   * The server said that its list changed: the next call that needs the list takes it anew. It is taken without a call
   * too, at once, but at most once per server in ten seconds.
   */
  noteListChanged(server: Server): void;
  /**
   * Notes tools that passed by in a list, before the client sees them. Later lookups see the new pins. Returns those
   * whose definition could be noted: the pin of a name says nothing about another definition of that name.
   */
  observe(server: Server, tools: readonly JsonObject[]): readonly JsonObject[];
  /** Notes the instructions that a server sent; true when they are the accepted ones (or `on-change` is `allow`). */
  acceptsInstructions(server: Server, instructions: string): boolean;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** Monotonic, milliseconds. */
  monotonicMs(): number;
}

/** Log lines and metrics. Nothing here takes a token or an argument value. */
export interface Observer {
  refused(kind: string): void;
  answered(server: Server, status: string, latencyMs: number): void;
  /** `event` is stable text; fields are labels, ids and numbers. */
  warn(event: string, fields: { readonly [name: string]: string | number | undefined }): void;
}

/** What a request may look like before anybody is known. */
export interface LineConfig {
  readonly maxBodyBytes: number;
  /** Lower-case `Host` values that are served, with port. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly allowedOrigins: ReadonlySet<string>;
}

export interface Ports {
  readonly config: LineConfig;
  readonly snapshot: Snapshot;
  readonly keys: Keys;
  readonly counters: Counters;
  readonly audit: Audit;
  readonly upstreams: Upstreams;
  readonly tools: Tools;
  readonly clock: Clock;
  readonly observer: Observer;
}

export type { CounterIds };
