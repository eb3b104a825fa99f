import { CATEGORIES, RISK_OF, RISKS } from "@portcullis/catalogue";
import type { Hono } from "hono";
import { fromSegment, serverPath } from "../pages/paths.ts";
import { type Bindings, replyJson, type SiteContext } from "../pages/reply.ts";
import type { Site } from "../pages/site-parts.ts";
import { toVisible } from "../pages/text.ts";
import type { ServerFacts } from "../reader.ts";
import { problemResponse } from "./problem.ts";

/** Where ours stands beside the official metadata. */
const OURS = "io.portcullis/catalogue";
const OFFICIAL = "io.modelcontextprotocol.registry/official";
const SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
/** A registry name is a namespace and a name; servers without one get ours. */
const NAMESPACE = "local.portcullis";
const REGISTRY_NAME = /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/;

/**
 * `/v0.1/servers` as the official registry answers (ServerList and ServerResponse), so that clients can take this
 * instance for their gallery. One version of each server is known: the one whose tools were looked at.
 */
export function addRegistry(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get("/v0.1/servers", (c) => replyList(c, site));
  const one = (c: SiteContext): ServerFacts | undefined => {
    const name = fromSegment((c.env.target.split("?", 1)[0] ?? "").split("/")[3] ?? "");
    return name === undefined ? undefined : findByRegistryName(site, name);
  };
  app.get("/v0.1/servers/:name", (c) => {
    const facts = one(c);
    return facts === undefined ? notFound() : replyJson(c, toServerResponse(facts, site.base));
  });
  app.get("/v0.1/servers/:name/versions", (c) => {
    const facts = one(c);
    if (facts === undefined) return notFound();
    return replyJson(c, { servers: [toServerResponse(facts, site.base)], metadata: { count: 1 } });
  });
  app.get("/v0.1/servers/:name/versions/:version", (c) => {
    const facts = one(c);
    const version = fromSegment((c.env.target.split("?", 1)[0] ?? "").split("/")[5] ?? "");
    if (facts === undefined || (version !== "latest" && version !== versionOf(facts))) return notFound();
    return replyJson(c, toServerResponse(facts, site.base));
  });
}

function replyList(c: SiteContext, { reader, base }: Site): Response {
  const query = new URL(c.req.url).searchParams;
  const limit = query.get("limit") ?? "30";
  if (!/^\d{1,6}$/.test(limit) || Number(limit) < 1) return invalid("`limit` must be a whole number from 1.");
  const since = query.get("updated_since");
  const sinceMs = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since);
  if (Number.isNaN(sinceMs)) return invalid("`updated_since` must be a time as RFC 3339 writes it.");
  const cursor = query.get("cursor")?.slice(0, 1_000);
  const page = reader.search({
    words: query.get("search")?.slice(0, 200) ?? "",
    kind: "server",
    limit: Math.min(100, Number(limit)),
    ...(cursor && { cursor }),
  });
  const servers = page.hits
    .map(({ server }) => reader.server(server))
    .filter((facts) => facts !== undefined)
    .filter(({ status, seenAtMs }) => seenAtMs > sinceMs && status !== "deleted")
    .map((facts) => toServerResponse(facts, base));
  const next = page.cursor === undefined ? {} : { nextCursor: page.cursor };
  return replyJson(c, { servers, metadata: { ...next, count: servers.length } });
}

/** Under its name in the registry, else under ours, else under the name of the index. */
function findByRegistryName({ reader }: Site, name: string): ServerFacts | undefined {
  const own = name.startsWith(`${NAMESPACE}/`) ? fromOwnName(name.slice(NAMESPACE.length + 1)) : undefined;
  if (own !== undefined) return reader.server(own);
  const hits = reader.search({ words: name, kind: "server", limit: 20 }).hits;
  const candidates = [name, ...hits.map(({ server }) => server)].map((one) => reader.server(one));
  return candidates.find((facts) => facts?.registryId === name) ?? candidates[0];
}

function registryNameOf({ name, registryId }: ServerFacts): string {
  if (registryId !== undefined && REGISTRY_NAME.test(registryId)) return registryId;
  return `${NAMESPACE}/${toOwnName(name)}`;
}

/** Every character that a registry name cannot have as `_` and its code, and so the `_` itself. */
function toOwnName(name: string): string {
  return name
    .toWellFormed()
    .replace(/[^a-zA-Z0-9.-]/gu, (char) => `_${(char.codePointAt(0) ?? 0).toString(16)}_`);
}

function fromOwnName(text: string): string {
  return text.replace(/_([0-9a-f]{1,6})_/g, (whole, code: string) => {
    const point = Number.parseInt(code, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function versionOf({ package: pack }: ServerFacts): string {
  return pack?.version ?? "0.0.0-unknown";
}

function toServerResponse(facts: ServerFacts, base: string): object {
  const { name, title, description, repository, package: pack, counts, method, status, seenAtMs } = facts;
  const seenAt = new Date(seenAtMs).toISOString();
  const worst = CATEGORIES.filter((category) => counts[category] > 0).map((category) =>
    RISKS.indexOf(RISK_OF[category]),
  );
  return {
    server: {
      $schema: SCHEMA,
      name: registryNameOf(facts),
      title: toVisible(title ?? name, { max: 99 }),
      // The schema wants one, of at most 100 characters.
      description: toVisible((description ?? "No description is known.").replace(/\s+/g, " "), {
        max: 99,
      }).slice(0, 100),
      version: versionOf(facts),
      websiteUrl: base + serverPath(name),
      ...(repository === undefined ? {} : { repository: { url: repository, source: sourceOf(repository) } }),
      ...(pack === undefined ? {} : { packages: [toPackage(facts, pack)] }),
    },
    _meta: {
      [OFFICIAL]: { status, publishedAt: seenAt, updatedAt: seenAt, isLatest: true },
      [OURS]: {
        tools: facts.tools,
        counts,
        worstRisk: worst.length === 0 ? undefined : RISKS[Math.max(...worst)],
        method,
        policy: `${base}${serverPath(name)}/policy.json`,
      },
    },
  };
}

function toPackage({ transports }: ServerFacts, pack: NonNullable<ServerFacts["package"]>): object {
  // A package that runs on the user's machine speaks stdio, unless it is known not to.
  const isStdio = transports.length === 0 || transports.includes("stdio");
  return {
    registryType: pack.registry,
    identifier: pack.name,
    ...(pack.version === undefined ? {} : { version: pack.version }),
    transport: { type: isStdio ? "stdio" : transports[0] },
  };
}

function sourceOf(repository: string): string {
  const host = URL.canParse(repository) ? new URL(repository).hostname : "";
  return (
    ["github", "gitlab", "bitbucket"].find((name) => host === `${name}.com` || host === `${name}.org`) ??
    "git"
  );
}

function invalid(detail: string): Response {
  return problemResponse({ status: 400, title: "Invalid query", detail });
}

function notFound(): Response {
  return problemResponse({
    status: 404,
    title: "Server not found",
    detail: "The index knows no such server or version.",
  });
}
