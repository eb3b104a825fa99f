import type { IncomingHttpHeaders } from "node:http";
import type { Head } from "./call.ts";

/** Takes a body as it comes off the wire. Nothing is told after `end` or `abort`. */
export interface BodySink {
  take(bytes: Buffer): void;
  end(): void;
  /** The connection ended before the body did. */
  abort(): void;
}

/** What the line read of a head that may come again. */
export interface HeadMemo {
  head: Head | undefined;
}

/** What the line reads of a request over HTTP; members have the names and meanings of `node:http`. */
export interface AgentRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  /** `Content-Length` in bytes; 0 where there is none. */
  readonly declaredBytes: number;
  /**
   * The same object for requests of one connection whose heads differ in nothing but the values of `Content-Length`,
   * `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`, `traceparent` and `tracestate`. Undefined where nobody looked.
   */
  readonly memo: HeadMemo | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
  /**
   * From now on the body goes to `sink`. Only at once, in the turn that brought the request; throws when a part of the
   * body has come already, which would be missing.
   */
  takeBody(sink: BodySink): void;
  /** What still comes is thrown away. */
  dropBody(): void;
}
