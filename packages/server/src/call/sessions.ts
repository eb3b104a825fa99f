import { randomBytes } from "node:crypto";
import type { RequestId } from "../mcp/json-rpc.ts";
import type { Access, RoutedCall } from "./call.ts";
import { type InFlight, InFlightCalls } from "./in-flight.ts";
import type { GrantId, ServerId } from "./records.ts";

/** A legacy session, bound to one grant and one server. Possession of its id is not authority. */
export interface Session {
  /** What the client sends as `Mcp-Session-Id`; undefined where the upstream issues no sessions. */
  readonly id: string | undefined;
  /** Whose process a stdio upstream uses. */
  readonly channel: string;
  readonly grantId: GrantId;
  readonly serverId: ServerId;
  /** Digest of the token that opened it: a rotated token does not inherit sessions. */
  readonly digest: string | undefined;
  readonly upstream: string | undefined;
  /** The revision that `initialize` settled on; sent upstream where the client's header does not say it. */
  version: string | undefined;
  readonly inFlight: InFlightCalls;
  /** Ids of requests that are still being judged: taken, so that the same id at the same time is refused. */
  readonly claimed: Set<RequestId>;
  /** Ids of server→client requests that the client may still answer, oldest first. */
  readonly serverRequests: Set<RequestId>;
  /** On the monotonic clock: whoever sets the other one ends no session (threat 68). */
  lastUsedMs: number;
  openStreams: number;
}

/** From now on a cancellation or a resumed stream finds the request: in its session, or with its client on stdio. */
export function noteInFlight(call: RoutedCall, inFlight: InFlight): void {
  if (call.message?.kind === "request") inFlightOf(call)?.set(call.message.id, inFlight);
}

export function forgetInFlight(call: RoutedCall, inFlight: InFlight): void {
  const { message } = call;
  if (message?.kind !== "request") return;
  const known = inFlightOf(call);
  // On stdio a client may use an id twice; the entry is then the later request's.
  if (known?.get(message.id) === inFlight) known.delete(message.id);
}

/** Where the requests are that its client may cancel; undefined for a client over HTTP without a session. */
export function inFlightOf({ session, arrival }: RoutedCall): InFlightCalls | undefined {
  return session?.id === undefined ? arrival.stdioSession?.inFlight : session.inFlight;
}

/** An idle session is forgotten after this; clients initialise again. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** An answer that nobody came back for is given up after this. */
export const RESUME_WITHIN_MS = 10 * 60_000;
/** A grant cannot fill the memory by opening sessions: the longest unused one goes first. */
export const MAX_SESSIONS_PER_GRANT = 1_000;

/** The legacy sessions of this process. In memory only: a restart answers 404 and clients initialise again. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #stateless = new Map<string, Session>();
  readonly #perGrant = new Map<GrantId, Set<string>>();
  readonly #issuers = new Set<ServerId>();
  readonly #onClose: (session: Session) => void;

  /** `onClose` ends what the upstream still holds for a session that nobody will use again. */
  constructor(onClose: (session: Session) => void) {
    this.#onClose = onClose;
  }

  /** A fresh session id, unguessable; also the channel of a stdio upstream. */
  static newId(): string {
    return randomBytes(24).toString("base64url");
  }

  /** True when this server is known to issue sessions, so that a request without one is at fault. */
  areIssuedBy(server: ServerId): boolean {
    return this.#issuers.has(server);
  }

  open(id: string, access: Access, upstream: string, nowMs: number): Session {
    this.#issuers.add(access.server.id);
    const session = makeSession(id, id, access, upstream, nowMs);
    this.#byId.set(id, session);
    const own = this.#perGrant.get(access.grant.id) ?? new Set();
    this.#perGrant.set(access.grant.id, own);
    own.add(id);
    if (own.size > MAX_SESSIONS_PER_GRANT) this.#closeLongestUnused(own);
    return session;
  }

  /** The session, or undefined when it is unknown or someone else's: both are the same 404. */
  find(id: string, access: Access, nowMs: number): Session | undefined {
    const session = this.#byId.get(id);
    if (session === undefined) return undefined;
    // INVARIANT: a session serves only the grant, token and server that opened it (threat 52).
    if (session.grantId !== access.grant.id || session.serverId !== access.server.id) return undefined;
    if (session.digest !== access.digest) return undefined;
    session.lastUsedMs = nowMs;
    return session;
  }

  /** What an `initialize` begins that the server answered without a session: it may have issued some before. */
  openStateless(access: Access, nowMs: number): Session {
    this.#issuers.delete(access.server.id);
    return this.stateless(access, nowMs);
  }

  /** Stands in for the session of a server that issues none: one per grant and server. */
  stateless(access: Access, nowMs: number): Session {
    const key = `${access.grant.id} ${access.server.id}`;
    const known = this.#stateless.get(key);
    if (known !== undefined && known.digest === access.digest) {
      known.lastUsedMs = nowMs;
      return known;
    }
    const session = makeSession(undefined, access.grant.id, access, undefined, nowMs);
    this.#stateless.set(key, session);
    return session;
  }

  /** Ends a session here and at its server. */
  close(session: Session): void {
    if (this.forget(session)) this.#onClose(session);
  }

  /** Ends a session that its server ended or lost. False when it was over before. */
  forget(session: Session): boolean {
    if (session.id === undefined || !this.#byId.delete(session.id)) return false;
    const own = this.#perGrant.get(session.grantId);
    own?.delete(session.id);
    if (own?.size === 0) this.#perGrant.delete(session.grantId);
    for (const inFlight of session.inFlight.list()) inFlight.abandon();
    return true;
  }

  /** Closes what is idle, and what `isCurrent` no longer vouches for. */
  sweep(nowMs: number, isCurrent: (session: Session) => boolean): void {
    for (const session of this.#byId.values()) {
      const idle = session.openStreams === 0 && session.inFlight.size === 0;
      if ((idle && nowMs - session.lastUsedMs > SESSION_IDLE_MS) || !isCurrent(session)) this.close(session);
      for (const inFlight of session.inFlight.list()) {
        if (nowMs - inFlight.sinceMs > RESUME_WITHIN_MS) inFlight.abandon();
      }
    }
    for (const [key, session] of this.#stateless) {
      const idle = session.openStreams === 0 && session.inFlight.size === 0;
      if (idle && nowMs - session.lastUsedMs > SESSION_IDLE_MS) this.#stateless.delete(key);
    }
  }

  get size(): number {
    return this.#byId.size;
  }

  #closeLongestUnused(ids: ReadonlySet<string>): void {
    let oldest: Session | undefined;
    for (const id of ids) {
      const session = this.#byId.get(id);
      if (session !== undefined && (oldest === undefined || session.lastUsedMs < oldest.lastUsedMs))
        oldest = session;
    }
    if (oldest !== undefined) this.close(oldest);
  }
}

function makeSession(
  id: string | undefined,
  channel: string,
  access: Access,
  upstream: string | undefined,
  nowMs: number,
): Session {
  return {
    id,
    channel,
    grantId: access.grant.id,
    serverId: access.server.id,
    digest: access.digest,
    upstream,
    version: undefined,
    inFlight: new InFlightCalls(),
    claimed: new Set(),
    serverRequests: new Set(),
    lastUsedMs: nowMs,
    openStreams: 0,
  };
}
