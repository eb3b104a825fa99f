/** Every route × verb × principal × era: a success outside the short list of those that may have one is a hole. */
import { createGrant, revokeGrant } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import type { World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";

export interface MatrixRun {
  readonly cells: number;
  readonly successes: number;
  readonly failures: readonly string[];
}

const VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"] as const;

/** By name, what is asked for; `own` and `other` are addresses of servers. */
const ROUTES: { readonly [name: string]: (own: string, other: string, host: string) => string } = {
  own: (own) => own,
  "own without its slash": (own) => own.slice(0, -1),
  "own with two": (own) => `${own}/`,
  "doubled in front": (own) => `/${own}`,
  "doubled inside": (own) => own.replace("/mcp/", "/mcp//"),
  "in capitals": (own) => own.replace("/mcp/", "/MCP/"),
  "encoded dots": (own) => `/x/%2e%2e${own}`,
  dots: (own) => `/x/..${own}`,
  "encoded letter": (own) => own.replace("/mcp/", "/%6dcp/"),
  parameters: (own) => own.replace(/\/$/, ";x=1/"),
  suffix: (own) => `${own}messages`,
  query: (own) => `${own}?x=1`,
  "absolute form": (own, _, host) => `http://${host}${own}`,
  "another server": (_, other) => other,
  "no server": () => "/mcp/srv_0000000000000000/",
  stack: () => "/mcp/",
  root: () => "/",
  health: () => "/healthz",
  ready: () => "/readyz",
  metrics: () => "/metrics",
  control: () => "/api/v1/grants",
  catalogue: () => "/catalogue",
  "up from the catalogue": (own) => `/catalogue/..${own}`,
  "below the catalogue": (own) => `/catalogue${own}`,
};

type Era = Target["era"];

/** One gateway with one server of each era and grants in every state. */
export async function runMatrix(world: World): Promise<MatrixRun> {
  const principals = await makePrincipals(world);
  const failures: string[] = [];
  let cells = 0;
  let successes = 0;
  for (const era of ["modern", "legacy"] as const) {
    for (const [who, tokens] of Object.entries(principals)) {
      for (const server of ["modern", "legacy"] as const) {
        const { own, other, token } = tokens[server];
        for (const [route, target] of Object.entries(ROUTES)) {
          for (const verb of VERBS) {
            for (const listener of ["agents", "admin"] as const) {
              cells += 1;
              const cell = `${listener}: ${verb} ${route} as ${who}, ${era} to ${server}`;
              const origin = listener === "agents" ? world.rig.gateway.url : world.rig.gateway.adminUrl;
              const { host } = new URL(origin);
              const before = world.upstream.seen.length;
              const answer = await send(origin, verb, target(own, other, host), token, era, host);
              const ran = world.upstream.seen.slice(before).some(isCall);
              const may = mayOf(listener, route, verb, who, era, era === server);
              const found = ran
                ? "runs"
                : answer.status >= 200 && answer.status < 300
                  ? "answers"
                  : "refuses";
              if (found !== "refuses") successes += 1;
              if (found !== may) failures.push(`${cell}: ${found} with ${answer.status} instead of ${may}`);
            }
          }
        }
      }
    }
  }
  return { cells, successes, failures };
}

/** What may be had: the call itself, an answer without one, or neither. */
function mayOf(
  listener: "agents" | "admin",
  route: string,
  verb: string,
  who: string,
  era: Era,
  isSameEra: boolean,
): "runs" | "answers" | "refuses" {
  if (listener === "admin") {
    const isPublic = route === "health" || route === "ready" || route === "metrics";
    return isPublic && (verb === "GET" || verb === "HEAD") ? "answers" : "refuses";
  }
  // Public, whoever asks; it reads no token.
  if (route === "catalogue") return verb === "GET" || verb === "HEAD" ? "answers" : "refuses";
  // The other server is a modern one, and its grant is good there.
  if (who === "grant of another server" && route === "another server")
    return verb === "POST" && era === "modern" ? "runs" : "refuses";
  const isOwn = route === "own" || route === "own without its slash";
  if (!isOwn || verb !== "POST" || !isSameEra) return "refuses";
  if (who === "valid") return "runs";
  // A denial is a tool result, so that the model reads it.
  return who === "without a policy" ? "answers" : "refuses";
}

function isCall({ message }: World["upstream"]["seen"][number]): boolean {
  return message?.["method"] === "tools/call";
}

function send(
  origin: string,
  verb: string,
  path: string,
  token: string | undefined,
  era: Era,
  host: string,
): Promise<RawAnswer> {
  const hasBody = verb !== "GET" && verb !== "DELETE" && verb !== "HEAD";
  const written: Case = {
    family: "matrix",
    id: "cell",
    name: "cell",
    threats: [50],
    start: `${verb} ${path} HTTP/1.1`,
    headers: token === undefined ? { Authorization: null } : {},
    expect: { forwarded: true },
    ...(hasBody ? {} : { body: "", framing: "none" }),
  };
  const target: Target = { era, front: "http", path, host, token: token ?? "", session: undefined };
  return sendRaw(origin, compose(written, target).wire);
}

interface Principal {
  readonly own: string;
  readonly other: string;
  readonly token: string | undefined;
}

type Principals = { readonly [who: string]: { readonly [era in Era]: Principal } };

async function makePrincipals(world: World): Promise<Principals> {
  const { rig } = world;
  const policy = { version: "1", default: "allow" };
  const servers = {
    modern: world.register("matrix-modern", "modern/matrix", "modern", policy),
    legacy: world.register("matrix-legacy", "stateless/matrix", "legacy", policy),
  };
  const elsewhere = world.register("matrix-other", "modern/matrix-other", "modern", policy);
  const mint = (era: Era, label: string, expiresAtMs: number, hasPolicy: boolean): string => {
    const grant = {
      label: `${label}-${era}`,
      server: `matrix-${era}`,
      policy: hasPolicy ? "test" : undefined,
      mode: "enforce" as const,
      expiresAtMs,
    };
    const minted = unwrap(createGrant(rig.state, rig.folder.keys, grant, Date.now()));
    world.canaries.add("grant token", minted.token.slice("pcl_g_".length));
    return minted.token;
  };
  const later = Date.now() + 3_600_000;
  const of = (tokenOf: (era: Era) => string | undefined): { readonly [era in Era]: Principal } => {
    const make = (era: Era): Principal => ({
      own: new URL(servers[era].url).pathname,
      other: new URL(elsewhere.url).pathname,
      token: tokenOf(era),
    });
    return { modern: make("modern"), legacy: make("legacy") };
  };
  const revoked = of((era) => mint(era, "revoked", later, true));
  for (const era of ["modern", "legacy"]) unwrap(revokeGrant(rig.state, `revoked-${era}`, Date.now()));
  return {
    valid: of((era) => servers[era].token),
    nobody: of(() => undefined),
    "garbage token": of(() => "x".repeat(44)),
    "wrong checksum": of((era) => flipped(servers[era].token)),
    revoked,
    expired: of((era) => mint(era, "expired", Date.now() - 1, true)),
    "grant of another server": of(() => elsewhere.token),
    "without a policy": of((era) => mint(era, "no-policy", later, false)),
  };
}

function flipped(token: string): string {
  return `${token.slice(0, -1)}${token.endsWith("0") ? "1" : "0"}`;
}
