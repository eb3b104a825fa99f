/** Contestants without any governance: none at all, nginx, bare `node:http`, the gateway's own transport. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Programs } from "../machine.ts";
import { type Contestant, sitePath } from "./contestant.ts";
import { type Running, sourceCommand, startAnnouncing, startOnPort } from "./running.ts";

/** The ceiling: load and upstream alone. */
export function direct(upstream: Running): Contestant {
  const url = upstream.url + sitePath("modern");
  return { name: "direct", title: "direct, no proxy", era: "modern", url, headers: {}, proxy: undefined };
}

/** With options for Node it has a channel, for a probe among them. */
export async function startBare(
  programs: Programs,
  upstream: Running,
  nodeOptions: readonly string[] = [],
): Promise<Contestant> {
  const file = join(import.meta.dirname, "pass-through-process.ts");
  const command = [process.execPath, ...nodeOptions, file, upstream.url];
  const proxy = await startAnnouncing(command, { programs, ipc: nodeOptions.length > 0 });
  const url = proxy.url + sitePath("modern");
  return { name: "bare", title: "bare `node:http` pass-through", era: "modern", url, headers: {}, proxy };
}

/** The gateway's own HTTP on both sides, and nothing between. */
export async function startTransport(programs: Programs, upstream: Running): Promise<Contestant> {
  const file = join(import.meta.dirname, "transport-process.ts");
  const behind = upstream.url + sitePath("modern");
  const proxy = await startAnnouncing(sourceCommand(file, behind), { programs });
  const title = "Portcullis' HTTP alone, nothing judged";
  // Elsewhere it would be no plain request (front/http1/).
  const url = `${proxy.url}/mcp/transport`;
  return { name: "transport", title, era: "modern", url, headers: {}, proxy };
}

/** One worker, connections kept on both sides, nothing logged. Undefined where nginx is not installed. */
export async function startNginx(
  programs: Programs,
  upstream: Running,
  cleanup: AsyncDisposableStack,
): Promise<Contestant | undefined> {
  const { nginx } = programs;
  if (nginx === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-nginx-"));
  cleanup.defer(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "nginx.conf");
  const proxy = await startOnPort(
    (port) => {
      writeFileSync(file, nginxConfig(folder, port, new URL(upstream.url).host));
      return [nginx, "-c", file, "-p", folder, "-e", join(folder, "error.log")];
    },
    { programs },
  );
  cleanup.use(proxy);
  const url = proxy.url + sitePath("modern");
  return { name: "nginx", title: "nginx reverse proxy", era: "modern", url, headers: {}, proxy };
}

const MANY_REQUESTS = 1_000_000_000;

function nginxConfig(folder: string, port: number, upstream: string): string {
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `
${user}
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_body_buffer_size 2m;
  client_max_body_size 16m;
  keepalive_requests ${MANY_REQUESTS};
  upstream behind { server ${upstream}; keepalive 64; keepalive_requests ${MANY_REQUESTS}; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}
