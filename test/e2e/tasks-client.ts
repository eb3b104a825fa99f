import type { Registered } from "./harness.ts";
import { sendModern } from "./modern-client.ts";
import { VERSION } from "./tasks-upstream.ts";

/** The extension of SEP-2663. */
export const EXTENSION = "io.modelcontextprotocol/tasks";
/** What these clients declare unless a test says otherwise. */
export const DECLARED = { elicitation: {}, extensions: { [EXTENSION]: {} } };

export interface Sending {
  readonly capabilities?: object;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** One request of a client that declares the extension; `Mcp-Name` mirrors a task's id too. */
export function postModern(
  server: Registered,
  method: string,
  params: { readonly [name: string]: unknown },
  { capabilities = DECLARED, headers, signal }: Sending = {},
): Promise<Response> {
  const { taskId } = params;
  return sendModern(server, method, params, {
    headers: { ...(typeof taskId === "string" ? { "mcp-name": taskId } : {}), ...headers },
    meta: {
      "io.modelcontextprotocol/protocolVersion": VERSION,
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The messages of an event stream, as they come. */
export async function* messagesOf(response: Response): AsyncGenerator<{ readonly [name: string]: unknown }> {
  if (response.body === null) return;
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const data = text
        .slice(0, end)
        .split("\n")
        .find((line) => line.startsWith("data: "));
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data.slice("data: ".length)) as { [name: string]: unknown };
    }
  }
}
