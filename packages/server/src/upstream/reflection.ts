import type { Exchange, UpstreamSink } from "../call/ports.ts";
import type { Server } from "../call/records.ts";
import type { SseEvent } from "../mcp/sse.ts";
import type { ProcessTransport, Transport, TransportRequest } from "./upstreams.ts";

/** Shorter values occur by chance, and blotting them out would break innocent answers. */
const MIN_SECRET_LENGTH = 8;
const REDACTED = "[redacted]";

export interface ReflectionPorts {
  /** What the server is given and must not come back. */
  readonly secrets: (server: Server) => readonly string[];
  /** A server sent its credential back: somebody should look at it, and replace the credential. */
  readonly onReflected: (server: Server) => void;
  /** The secrets cannot be opened: nothing is sent, because nothing could be taken out of the answer. */
  readonly onUnreadable: (server: Server) => void;
}

/**
 * Takes the gateway's own credential out of a server's answers (threat 46): as it is, escaped, in Base64 and in hexadecimal.
 * Stands at the egress, because only there the secret is known.
 */
export class ReflectionFilter implements Transport {
  readonly #inner: Transport;
  readonly #ports: ReflectionPorts;
  readonly #spellings = new WeakMap<Server, readonly string[]>();

  constructor(inner: Transport, ports: ReflectionPorts) {
    this.#inner = inner;
    this.#ports = ports;
  }

  open(request: TransportRequest, sink: UpstreamSink): Exchange {
    let spellings: readonly string[];
    try {
      spellings = this.#spellingsOf(request.server);
    } catch {
      this.#ports.onUnreadable(request.server);
      return failLater(sink);
    }
    return this.#inner.open(
      request,
      spellings.length === 0 ? sink : this.#filter(request.server, spellings, sink),
    );
  }

  #filter(server: Server, spellings: readonly string[], sink: UpstreamSink): UpstreamSink {
    const clean = (text: string): string => {
      const found = spellings.filter((spelling) => text.includes(spelling));
      if (found.length === 0) return text;
      this.#ports.onReflected(server);
      return found.reduce((cleaned, spelling) => cleaned.replaceAll(spelling, REDACTED), text);
    };
    return {
      onAnswer: (status, body, session) => {
        const isClean = !spellings.some((spelling) => body.includes(spelling));
        sink.onAnswer(status, isClean ? body : Buffer.from(clean(body.toString("utf8"))), session);
      },
      onStream: (session) => sink.onStream(session),
      onEvent: (event) => sink.onEvent(cleanEvent(event, clean)),
      onEnd: () => sink.onEnd(),
      onFail: (failure) => sink.onFail(failure),
    };
  }

  #spellingsOf(server: Server): readonly string[] {
    const known = this.#spellings.get(server);
    if (known !== undefined) return known;
    const values = this.#ports.secrets(server);
    // `Bearer x`: x alone is the secret.
    const secrets = values.flatMap((value) => [value, value.replace(/^\S+ +/, "")]);
    const found = [...new Set(secrets)]
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
      .flatMap(spellingsOf);
    const spellings = [...new Set(found)];
    this.#spellings.set(server, spellings);
    return spellings;
  }
}

/** The same for processes. */
export class ProcessReflectionFilter extends ReflectionFilter implements ProcessTransport {
  readonly #processes: ProcessTransport;

  constructor(inner: ProcessTransport, ports: ReflectionPorts) {
    super(inner, ports);
    this.#processes = inner;
  }

  closeChannel(server: Server, channel: string): void {
    this.#processes.closeChannel(server, channel);
  }
}

/** Callbacks never come before `open` returned, nor after a cancel. */
function failLater(sink: UpstreamSink): Exchange {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) sink.onFail({ kind: "unreachable", sent: false });
  });
  return {
    cancel: () => {
      isCancelled = true;
    },
    pause: () => {},
    resume: () => {},
  };
}

function spellingsOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString("hex");
  const base64 = [0, 1, 2].map((before) => base64Behind(secret, before));
  const urlSafe = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [
    ...jsonSpellingsOf(secret),
    encodeURIComponent(secret),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...urlSafe,
  ];
}

/** Base64 of the secret `before` bytes into a longer text, without the characters that its neighbours decide too. */
function base64Behind(secret: string, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString("base64");
  return text.replace(/=+$/, "").slice(before === 0 ? 0 : before + 1, -1);
}

/** In a text of an answer, in JSON that is such a text, and by writers that escape slashes. */
function jsonSpellingsOf(secret: string): readonly string[] {
  const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
  const once = escaped(secret);
  return [secret, once, once.replaceAll("/", "\\/"), escaped(once)];
}

function cleanEvent(event: SseEvent, clean: (text: string) => string): SseEvent {
  const { data, event: name, id } = event;
  if (data === undefined && name === undefined && id === undefined) return event;
  return {
    ...event,
    ...(data === undefined ? {} : { data: clean(data) }),
    ...(name === undefined ? {} : { event: clean(name) }),
    ...(id === undefined ? {} : { id: clean(id) }),
  };
}
