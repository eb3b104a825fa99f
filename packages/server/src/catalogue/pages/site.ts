import { ATTACKS } from "@portcullis/catalogue";
import { Hono } from "hono";
import { addApi } from "../api/api.ts";
import { problemResponse } from "../api/problem.ts";
import { addRegistry } from "../api/registry.ts";
import type { ContactBox } from "../contact-box.ts";
import type { CatalogueReader } from "../reader.ts";
import { ASSETS } from "./assets.ts";
import { addPages } from "./pages.ts";
import { API, fromSegment } from "./paths.ts";
import { PREVIEW, previewImage } from "./preview-image.ts";
import { type Bindings, replyError, replyNotFound, SECURITY_HEADERS } from "./reply.ts";
import type { Site } from "./site-parts.ts";
import { robots, Sitemap } from "./sitemap.ts";
import { AddressThrottle } from "./throttle.ts";

export interface SiteOptions {
  /** Origin under which clients reach this instance, without a slash at the end. */
  readonly base: string;
  readonly reader: CatalogueReader;
  readonly contact: ContactBox;
  nowMs(): number;
  /** Something of ours failed; the client is told nothing of it. */
  onFault(cause: unknown): void;
}

/** One request, as plain data: it crosses a thread. */
export interface SiteRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly address: string;
}

export interface SiteAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

export type Answer = (request: SiteRequest) => Promise<SiteAnswer>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const FOR_EVER = "public, max-age=31536000, immutable";

/** Pages and API over a reader. Never throws: what fails inside is a 500 that says nothing of it. */
export function createSite({ base, reader, contact, nowMs, onFault }: SiteOptions): Answer {
  const site: Site = {
    base,
    reader,
    contact,
    nowMs,
    sitemap: new Sitemap(
      reader,
      ATTACKS.map(({ slug }) => slug),
    ),
    contactThrottle: new AddressThrottle({ max: 5, maxForAll: 200, windowMs: HOUR_MS }),
    stackThrottle: new AddressThrottle({ max: 60, maxForAll: 600, windowMs: MINUTE_MS }),
  };
  const app = new Hono<{ Bindings: Bindings }>();
  addFiles(app, site);
  addPages(app, site);
  addApi(app, site);
  addRegistry(app, site);
  app.notFound((c) =>
    isForPrograms(c.req.path)
      ? problemResponse({ status: 404, title: "Not found", detail: "There is nothing at this path." })
      : replyNotFound(c, site, lastWords(c.env.target)),
  );
  app.onError((cause, c) => {
    onFault(cause);
    if (isForPrograms(c.req.path)) {
      return problemResponse({ status: 500, title: "Internal error", detail: "This should not happen." });
    }
    return replyError(c, site, 500, ["Something went wrong", "It is not your fault. Try again, or tell us."]);
  });
  return async (request) => toAnswer(await app.fetch(toRequest(request), bindingsOf(request)));
}

function addFiles(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get(PREVIEW.path, (c) => {
    return c.body(new Uint8Array(previewImage()), 200, {
      "content-type": "image/png",
      "cache-control": "max-age=86400",
    });
  });
  app.get("/catalogue/assets/:file", (c) => {
    const file = ASSETS.get(c.req.path);
    if (file === undefined) return c.notFound();
    return c.body(file.body, 200, { "content-type": file.contentType, "cache-control": FOR_EVER });
  });
  app.get("/robots.txt", (c) => c.text(robots(site.base), 200, { "cache-control": "max-age=3600" }));
  const xml = { "content-type": "application/xml", "cache-control": "max-age=3600" };
  app.get("/sitemap.xml", (c) => c.body(site.sitemap.index(site.base), 200, xml));
  app.get("/catalogue/sitemap/:page{[1-9][0-9]{0,4}\\.xml}", async (c) => {
    const page = await site.sitemap.page(site.base, Number.parseInt(c.req.param("page"), 10));
    return page === undefined ? c.notFound() : c.body(page, 200, xml);
  });
}

/** What was probably meant: the last part of the path. */
function lastWords(target: string): string {
  const path = target.split("?", 1)[0] ?? "";
  return fromSegment(path.split("/").at(-1) ?? "") ?? "";
}

function isForPrograms(path: string): boolean {
  return path.startsWith(`${API}/`) || path.startsWith("/v0.1/");
}

/** The host is not the client's word: links are made from {@link SiteOptions.base}. */
function toRequest({ method, target, headers, body }: SiteRequest): Request {
  const init: RequestInit = {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  };
  if (body !== undefined) init.body = body;
  return new Request(`http://catalogue.invalid${target}`, init);
}

function bindingsOf({ target, address }: SiteRequest): Bindings {
  return { target, address };
}

async function toAnswer(response: Response): Promise<SiteAnswer> {
  const own = [...response.headers];
  const names = new Set(own.map(([name]) => name));
  return {
    status: response.status,
    headers: [...own, ...SECURITY_HEADERS.filter(([name]) => !names.has(name))],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
