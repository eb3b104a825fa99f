import { err, ok, type Result } from "@portcullis/policy";
import type { Catalogue } from "../store/open-catalogue.ts";
import type { Rules } from "../store/rules.ts";
import { type FetchPage, type PageFailure, pageFetcher } from "./page-request.ts";
import { type RegistryPage, readRegistryPage } from "./registry-page.ts";

export interface SyncOptions {
  /** Base URL; `/v0.1/servers` is added. */
  readonly registry: string;
  readonly rules: Rules;
  readonly nowMs: () => number;
  /** Everything anew, not only what changed since the last whole sync. */
  readonly isFull?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SyncReport) => void;
  readonly limits?: Partial<SyncLimits>;
}

/** What a sync did, so far or in the end. */
export interface SyncReport {
  readonly pages: number;
  /** Entries that were read. */
  readonly servers: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
  /** The first reasons for skipping. */
  readonly reasons: readonly string[];
  /** Only what changed since then was asked for; milliseconds. */
  readonly sinceMs: number | undefined;
}

/** What a registry may make us do. The official one has some ten thousand servers. */
export interface SyncLimits {
  readonly pages: number;
  readonly servers: number;
  readonly pageBytes: number;
  readonly totalBytes: number;
  readonly pageMs: number;
  readonly totalMs: number;
  readonly emptyPages: number;
  /** Before each further try of a page that failed. */
  readonly retryMs: readonly number[];
}

export const SYNC_LIMITS: SyncLimits = {
  pages: 5_000,
  servers: 200_000,
  pageBytes: 8 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  pageMs: 30_000,
  totalMs: 30 * 60_000,
  emptyPages: 3,
  retryMs: [1_000, 5_000],
};

const PAGE_SIZE = 100;
/** Clocks differ, and what is published while a sync runs must not be missed. */
const OVERLAP_MS = 5 * 60_000;
const MAX_REASONS = 20;

/**
 * Takes over what a registry says of servers. What is already read stays when it fails half-way, and the next sync
 * begins again from the last whole one. Nothing is taken out because a registry leaves it out.
 */
export async function syncRegistry(
  catalogue: Catalogue,
  options: SyncOptions,
): Promise<Result<SyncReport, string>> {
  const base = toBase(options.registry);
  const fetchPage = pageFetcher(options.registry);
  if (!fetchPage.ok) return fetchPage;
  if (base === undefined) return err("the registry's URL must have no query; write it as `https://host`");
  const startMs = options.nowMs();
  const setting = `sync ${base}`;
  const last = Number(catalogue.db.get("SELECT value FROM setting WHERE name = ?", setting)?.["value"]);
  const sinceMs = options.isFull === true || !Number.isFinite(last) ? undefined : last - OVERLAP_MS;
  const run = new SyncRun(catalogue, options, { ...SYNC_LIMITS, ...options.limits }, sinceMs);
  const failure = await run.readAll(base, fetchPage.value);
  if (failure !== undefined) {
    const { pages, servers } = run.report;
    return err(
      `${failure}, after ${pages} pages with ${servers} servers, which are kept; run it again to go on`,
    );
  }
  catalogue.db.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", setting, String(startMs));
  return ok(run.report);
}

/** Without a slash at the end; undefined for what no path can be added to. */
function toBase(registry: string): string | undefined {
  const url = URL.parse(registry);
  if (url === null || url.search !== "" || url.hash !== "") return undefined;
  return url.href.replace(/\/+$/, "");
}

class SyncRun {
  readonly #options: SyncOptions;
  readonly #limits: SyncLimits;
  readonly #writer: ReturnType<Catalogue["writer"]>;
  readonly #signal: AbortSignal;
  readonly #endsAtMs: number;
  #totalBytes = 0;
  report: SyncReport;

  constructor(catalogue: Catalogue, options: SyncOptions, limits: SyncLimits, sinceMs: number | undefined) {
    this.#options = options;
    this.#limits = limits;
    this.#writer = catalogue.writer(options.rules);
    this.#signal = options.signal ?? new AbortController().signal;
    this.#endsAtMs = performance.now() + limits.totalMs;
    this.report = { pages: 0, servers: 0, added: 0, updated: 0, skipped: 0, reasons: [], sinceMs };
  }

  /** Why it ended early; undefined once the last page is read. */
  async readAll(base: string, fetchPage: FetchPage): Promise<string | undefined> {
    const seen = new Set<string>();
    let empty = 0;
    for (let cursor: string | undefined; ; ) {
      const page = await this.#readPage(urlOf(base, cursor, this.report.sinceMs), fetchPage);
      if (!page.ok) return page.error;
      this.#take(page.value);
      cursor = page.value.nextCursor;
      if (cursor === undefined) return undefined;
      // A cursor that comes again never ends.
      if (seen.has(cursor)) return "the registry gave out the same cursor twice";
      seen.add(cursor);
      empty = page.value.servers.length + page.value.skipped.length === 0 ? empty + 1 : 0;
      if (empty >= this.#limits.emptyPages) return "the registry sends nothing but empty pages";
      const over = this.#overLimit();
      if (over !== undefined) return over;
    }
  }

  #overLimit(): string | undefined {
    const { pages, servers } = this.report;
    if (this.#signal.aborted) return "stopped";
    if (pages >= this.#limits.pages) return `the registry has over ${this.#limits.pages} pages`;
    if (servers >= this.#limits.servers) return `the registry has over ${this.#limits.servers} servers`;
    if (this.#totalBytes > this.#limits.totalBytes)
      return `the registry sent over ${this.#limits.totalBytes} bytes`;
    if (performance.now() > this.#endsAtMs) return "the registry took too long";
    return undefined;
  }

  async #readPage(url: URL, fetchPage: FetchPage): Promise<Result<RegistryPage, string>> {
    const { pageMs, pageBytes, retryMs } = this.#limits;
    for (let attempt = 0; ; attempt += 1) {
      const text = await fetchPage(url, { timeoutMs: pageMs, maxBytes: pageBytes }, this.#signal);
      if (text.ok) {
        this.#totalBytes += text.value.length;
        return readRegistryPage(text.value, this.#options.nowMs());
      }
      const pauseMs = retryMs[attempt];
      if (!this.#isWorthAnother(text.error) || pauseMs === undefined) return err(this.#reasonOf(text.error));
      await pause(pauseMs, this.#signal);
    }
  }

  #isWorthAnother({ mayPass }: PageFailure): boolean {
    return mayPass && !this.#signal.aborted && performance.now() < this.#endsAtMs;
  }

  #reasonOf({ reason }: PageFailure): string {
    return this.#signal.aborted ? "stopped" : `the registry: ${reason}`;
  }

  #take({ servers, skipped }: RegistryPage): void {
    const tally = { added: 0, updated: 0 };
    const reasons = [...skipped];
    for (const done of this.#writer.upsertServers(servers)) {
      if (!done.ok) reasons.push(done.error);
      else if (done.value.isNew) tally.added += 1;
      else if (done.value.isChanged) tally.updated += 1;
    }
    const { report } = this;
    this.report = {
      ...report,
      pages: report.pages + 1,
      servers: report.servers + servers.length,
      added: report.added + tally.added,
      updated: report.updated + tally.updated,
      skipped: report.skipped + reasons.length,
      reasons: [...report.reasons, ...reasons].slice(0, MAX_REASONS),
    };
    this.#options.onProgress?.(this.report);
  }
}

function urlOf(base: string, cursor: string | undefined, sinceMs: number | undefined): URL {
  const url = new URL(`${base}/v0.1/servers`);
  url.searchParams.set("limit", String(PAGE_SIZE));
  url.searchParams.set("version", "latest");
  if (sinceMs !== undefined) url.searchParams.set("updated_since", new Date(sinceMs).toISOString());
  if (cursor !== undefined) url.searchParams.set("cursor", cursor);
  return url;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
