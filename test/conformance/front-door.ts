import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

/** What a request to one path gets. */
export interface Way {
  readonly port: number;
  readonly token: string;
}

export interface FrontDoor extends AsyncDisposable {
  /** As the suite is told it: `localhost`, so that its rebinding scenarios run. */
  readonly url: string;
  /** Requests to `path` go to a gateway on this machine, with the token of a grant. */
  open(path: string, way: Way): void;
}

/**
 * Stands before a gateway and adds a grant's token to every request, because the official suite cannot send one.
 * Everything else passes as it is: the raw header lines (`Host` and `Origin` among them, so that the gateway
 * judges them), the bytes in both directions as they come, and the end of a connection.
 */
export async function openFrontDoor(): Promise<FrontDoor> {
  const ways = new Map<string, Way>();
  const server = createServer((incoming, response) => {
    const way = ways.get(incoming.url ?? "");
    if (way === undefined) response.writeHead(404).end();
    else pass(incoming, response, way);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    open: (path, way) => ways.set(path, way),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pass(incoming: IncomingMessage, response: ServerResponse, { port, token }: Way): void {
  const onward = request({
    host: "127.0.0.1",
    port,
    method: incoming.method,
    path: incoming.url,
    headers: [...incoming.rawHeaders, "Authorization", `Bearer ${token}`],
    setHost: false,
    agent: false,
  });
  onward.on("error", () => response.destroy());
  onward.on("response", (answer) => {
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
    response.flushHeaders();
    pipeline(answer, response, () => {});
  });
  response.on("close", () => onward.destroy());
  pipeline(incoming, onward, () => {});
}
