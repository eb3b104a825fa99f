import { ok, type Result } from "@portcullis/policy";
import type { Introspection } from "./introspect/introspect.ts";
import type { UpsertReport } from "./store/catalogue-writer.ts";
import type { IncomingServer } from "./store/incoming.ts";
import type { Catalogue } from "./store/open-catalogue.ts";
import type { Rules } from "./store/rules.ts";

/** What a package showed, as news for the catalogue. */
export function toIncoming({ spec, installed, tools }: Introspection, atMs: number): IncomingServer {
  return {
    name: spec.name,
    status: "active",
    method: "introspected",
    title: installed.title,
    description: installed.description,
    package: { registry: spec.registry, name: spec.name, version: installed.version },
    repository: installed.repository,
    license: installed.license,
    transports: ["stdio"],
    tools: { kind: "sent", items: tools },
    atMs,
  };
}

/** Brings what a package showed into the catalogue. Where its name is taken by another package it gets a longer one. */
export function learn(
  catalogue: Catalogue,
  rules: Rules,
  introspection: Introspection,
  atMs: number,
): Result<UpsertReport, string> {
  const writer = catalogue.writer(rules);
  const incoming = toIncoming(introspection, atMs);
  const first = writer.upsertServer(incoming);
  if (first.ok) return ok(first.value);
  return writer.upsertServer({ ...incoming, name: `${introspection.spec.registry}/${incoming.name}` });
}
