import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "@portcullis/policy";
import type { LineConfig } from "./ports.ts";
import type { Refusal } from "./refusal.ts";

/** Stage 3: the body, whole and within its bound. Its time is bounded by the server's `requestTimeout`. */
export function readBody(
  request: IncomingMessage,
  config: Pick<LineConfig, "maxBodyBytes">,
): Promise<Result<Buffer, Refusal>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > config.maxBodyBytes) {
    return Promise.resolve(err({ kind: "body-too-large", maxBytes: config.maxBodyBytes }));
  }
  return new Promise((resolve) => collect(request, config.maxBodyBytes, resolve));
}

function collect(
  request: IncomingMessage,
  maxBytes: number,
  resolve: (result: Result<Buffer, Refusal>) => void,
): void {
  // Most bodies are one piece, and then nothing is copied.
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  const finish = (result: Result<Buffer, Refusal>) => {
    request.off("data", onData);
    request.off("end", onEnd);
    request.off("close", onClose);
    if (!result.ok) request.resume();
    resolve(result);
  };
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) {
      // Counted while streaming: a false or absent Content-Length buys nothing (threat 9). What still comes is thrown
      // away, until the server's `requestTimeout`: a connection that ends with bytes unread takes the answer with it.
      finish(err({ kind: "body-too-large", maxBytes }));
    } else if (first === undefined) {
      first = chunk;
    } else {
      more ??= [first];
      more.push(chunk);
    }
  };
  const onEnd = () => finish(ok(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, size)));
  const onClose = () => finish(err({ kind: "body-aborted" }));
  request.on("data", onData);
  request.on("end", onEnd);
  request.on("close", onClose);
}
