/** The contestant without any governance: node:http in front, node:http behind. Its argument is the upstream's URL. */
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

const target = new URL(process.argv[2] ?? "");
const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, response) => {
  const { method, headers, url } = incoming;
  const options = { host: target.hostname, port: target.port, path: url, method, headers, agent };
  const outgoing = request(options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(outgoing);
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: "ready", url: `http://127.0.0.1:${port}` }));
});
