import type { Observer } from "./call/ports.ts";
import type { Server, ServerId } from "./call/records.ts";
import type { OutboundRules } from "./outbound/judge.ts";
import { ServerSecrets } from "./storage/server-secrets.ts";
import { HttpUpstreams } from "./upstream/http.ts";
import { HttpTransports } from "./upstream/http-transports.ts";
import { ProcessReflectionFilter, ReflectionFilter, type ReflectionPorts } from "./upstream/reflection.ts";
import { SseUpstreams } from "./upstream/sse/sse-upstreams.ts";
import { StdioUpstreams } from "./upstream/stdio/stdio-upstreams.ts";
import { UpstreamDirectory } from "./upstream/upstreams.ts";

/** Everything that is open towards servers: connections, streams and child processes, with their credentials. */
export interface ServerConnections extends AsyncDisposable {
  readonly upstreams: UpstreamDirectory;
  /** A removed server is left at once: no process, stream or connection outlives its registration. */
  leave(id: ServerId): void;
}

/** Every kind of upstream, each behind the filter that finds its credentials in answers. Opens nothing yet. */
export function connectServers(credentialKey: Buffer, observer: Observer): ServerConnections {
  const secrets = new ServerSecrets(credentialKey);
  const warn: Observer["warn"] = (event, fields) => observer.warn(event, fields);
  const http = new HttpUpstreams({
    credentialHeaders: (server) => secrets.headers(server),
    urlOf: (server) => secrets.url(server),
    outboundRules,
    onFailure: (server, failure) => {
      transports.noteFailure(server, failure);
      upstreams.noteFailure(server, failure);
    },
    onFault: (cause) => warn("line_fault", { fault: cause instanceof Error ? cause.name : "unknown" }),
  });
  const stdio = new StdioUpstreams({
    commandOf: (server) => secrets.command(server),
    serverEnv: (server) => secrets.environment(server),
    workingDirectory,
    warn,
  });
  const reflection = reflectionRules(secrets, warn);
  const filtered = new ReflectionFilter(http, reflection);
  const sse = new SseUpstreams({ http: filtered, urlOf: (server) => secrets.url(server), warn });
  const transports = new HttpTransports(filtered, sse);
  const upstreams = new UpstreamDirectory(transports, new ProcessReflectionFilter(stdio, reflection));
  return {
    upstreams,
    leave: (id) => {
      stdio.closeServer(id);
      sse.closeServer(id);
      http.forget(id);
    },
    [Symbol.asyncDispose]: async () => {
      await sse[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await stdio[Symbol.asyncDispose]();
    },
  };
}

function reflectionRules(secrets: ServerSecrets, warn: Observer["warn"]): ReflectionPorts {
  return {
    secrets: (server) => secrets.values(server),
    onReflected: (server) => warn("credential_reflected", { server: server.name }),
    onUnreadable: (server) => warn("credential_unreadable", { server: server.name }),
  };
}

function workingDirectory({ target }: Server): string {
  return (target.kind === "stdio" ? target.workingDirectory : undefined) ?? process.cwd();
}

/** Typing a URL on the command line is the opt-in for exactly its host and port. */
function outboundRules(server: Server): OutboundRules {
  if (server.target.kind !== "http") return {};
  const { hostname, port, protocol } = new URL(server.target.url);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return { allow: { host: hostname, port: number } };
}
