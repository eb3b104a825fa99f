import type { Exchange, Server, UpstreamSink } from "../call/ports.ts";
import type { SseEvent } from "../mcp/sse.ts";
import type { Transport, TransportRequest } from "./upstreams.ts";

/** Shorter values occur by chance, and blotting them out would break innocent answers. */
const MIN_SECRET_LENGTH = 8;
const REDACTED = "[redacted]";

export interface ReflectionPorts {
  /** Name, value, name, value: what is sent to the server and must not come back. */
  readonly credentialHeaders: (server: Server) => readonly string[];
  /** A server sent its credential back: somebody should look at it, and replace the credential. */
  readonly onReflected: (server: Server) => void;
}

/**
 * Takes the gateway's own credential out of a server's answers (threat 46): as it is, in Base64 and URL-encoded.
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
    const spellings = this.#spellingsOf(request.server);
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
    const values = this.#ports.credentialHeaders(server).filter((_, at) => at % 2 === 1);
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

function spellingsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const hex = Buffer.from(secret).toString("hex");
  const base64 = [0, 1, 2].map((before) => base64Behind(secret, before));
  const urlSafe = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [secret, json, encodeURIComponent(secret), hex, hex.toUpperCase(), ...base64, ...urlSafe];
}

/** Base64 of the secret `before` bytes into a longer text, without the characters that its neighbours decide too. */
function base64Behind(secret: string, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString("base64");
  return text.replace(/=+$/, "").slice(before === 0 ? 0 : before + 1, -1);
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
