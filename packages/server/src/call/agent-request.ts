import type { IncomingHttpHeaders } from "node:http";

/** Takes a body as it comes off the wire. Nothing is told after `end` or `abort`. */
export interface BodySink {
  take(bytes: Buffer): void;
  end(): void;
  /** The connection ended before the body did. */
  abort(): void;
}

/** What the line reads of a request over HTTP; members have the names and meanings of `node:http`. */
export interface AgentRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
  /**
   * From now on the body goes to `sink`. Only at once, in the turn that brought the request; throws when a part of the
   * body has come already, which would be missing.
   */
  takeBody(sink: BodySink): void;
  /** What still comes is thrown away. */
  dropBody(): void;
}
