import { err, ok, type Result } from "@portcullis/policy";
import type { AgentRequest } from "./agent-request.ts";
import type { LineConfig } from "./ports.ts";
import type { Refusal } from "./refusal.ts";
import { turn } from "./turn.ts";

/** Stage body: the body, whole and within its bound. Its time is bounded by the server's `requestTimeout`. */
export function readBody(
  request: AgentRequest,
  config: Pick<LineConfig, "maxBodyBytes">,
): Promise<Result<Buffer, Refusal>> {
  if (request.declaredBytes > config.maxBodyBytes) {
    return Promise.resolve(err({ kind: "body-too-large", maxBytes: config.maxBodyBytes }));
  }
  return new Promise((resolve) => collect(request, config.maxBodyBytes, resolve));
}

function collect(
  request: AgentRequest,
  maxBytes: number,
  resolve: (result: Result<Buffer, Refusal>) => void,
): void {
  // Most bodies are one piece, and then nothing is copied.
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  request.takeBody({
    take: (bytes) => {
      size += bytes.length;
      if (size > maxBytes) {
        // Counted while streaming: a false or absent Content-Length buys nothing (threat 9). What still comes is
        // thrown away, until the server's `requestTimeout`: a connection that ends with bytes unread takes the
        // answer with it.
        request.dropBody();
        resolve(err({ kind: "body-too-large", maxBytes }));
      } else if (first === undefined) {
        first = bytes;
      } else {
        more ??= [first];
        more.push(bytes);
      }
    },
    end: () => {
      const body = more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, size);
      turn.messages.add(() => resolve(ok(body)));
    },
    abort: () => resolve(err({ kind: "body-aborted" })),
  });
}
