/** Up to this, copying a piece costs less than writing it in several. */
export const ONE_WRITE_BYTES = 12 * 1024;

/** The part of `node:http`'s `ServerResponse` that an answer needs; members have its names and meanings. */
export interface Outgoing {
  /** Bytes that the system has not taken yet. */
  readonly writableLength: number;
  /** Throws for a name or a value that could end its line. */
  writeHead(status: number, headers: string[]): unknown;
  flushHeaders(): void;
  /** False when so much waits that the caller should. */
  write(chunk: string | Uint8Array): boolean;
  end(): unknown;
  end(chunk: string | Uint8Array, encoding: BufferEncoding): unknown;
  destroy(): unknown;
  /** Cuts the connection when it moves nothing for so long. */
  setTimeout(ms: number): unknown;
  /** `close` is told once, when nothing more can be sent. */
  on(event: "close" | "drain" | "error", listener: () => void): unknown;
}
