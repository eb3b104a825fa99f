import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "@portcullis/policy";
import { guardedLookup, RefusedAddressError } from "../../outbound/guard.ts";
import { endpointOf, judgeUrl, type OutboundRules } from "../../outbound/judge.ts";

/** Bounds of one answer of a registry. */
export interface PageLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** A failure, and whether the same request may go better later. */
export interface PageFailure {
  readonly reason: string;
  readonly mayPass: boolean;
}

/** Fetches pages of one registry through the guard; follows no redirect and sends no credential. */
export type FetchPage = (
  url: URL,
  limits: PageLimits,
  signal: AbortSignal,
) => Promise<Result<string, PageFailure>>;

/** Naming a registry is the opt-in for exactly its host and port. The error says what is wrong with the URL. */
export function pageFetcher(registry: string): Result<FetchPage, string> {
  const typed = URL.parse(registry);
  const rules: OutboundRules = typed === null ? {} : { allow: endpointOf(typed) };
  const judged = judgeUrl(registry, rules);
  if (!judged.ok) return judged;
  const lookup = guardedLookup(judged.value);
  return ok((url, limits, signal) => {
    const again = judgeUrl(url.href, rules);
    if (!again.ok) return Promise.resolve(err({ reason: again.error, mayPass: false }));
    return fetchOne(url, limits, signal, lookup);
  });
}

function fetchOne(
  url: URL,
  { timeoutMs, maxBytes }: PageLimits,
  signal: AbortSignal,
  lookup: ReturnType<typeof guardedLookup>,
): Promise<Result<string, PageFailure>> {
  const { promise, resolve } = Promise.withResolvers<Result<string, PageFailure>>();
  const fail = (reason: string, mayPass: boolean): void => {
    resolve(err({ reason, mayPass }));
    sent.destroy();
  };
  // Taken when a registry is read, because Node's own clients cost every start 10 MB and 25 ms.
  const client = process.getBuiltinModule(url.protocol === "https:" ? "node:https" : "node:http");
  const sent = client.request(url, {
    lookup,
    agent: false,
    signal,
    headers: { accept: "application/json", "user-agent": "portcullis" },
  });
  const timer = setTimeout(() => fail(`it did not answer within ${timeoutMs / 1000} s`, true), timeoutMs);
  sent.once("error", (cause) => fail(reasonOf(cause), !(cause instanceof RefusedAddressError)));
  sent.once("close", () => {
    clearTimeout(timer);
    fail("the connection was cut", true);
  });
  sent.once("response", (response) => {
    const status = response.statusCode ?? 0;
    if (status !== 200) return fail(`it answered with HTTP ${status}`, status === 429 || status >= 500);
    readBody(response, maxBytes, fail, (text) => resolve(ok(text)));
  });
  sent.end();
  return promise;
}

function readBody(
  response: IncomingMessage,
  maxBytes: number,
  fail: (reason: string, mayPass: boolean) => void,
  done: (text: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) fail(`its answer is over ${maxBytes} bytes`, false);
    else chunks.push(chunk);
  });
  response.once("error", () => fail("the connection was cut", true));
  response.once("end", () => {
    if (response.complete) done(Buffer.concat(chunks).toString("utf8"));
    else fail("the connection was cut", true);
  });
}

/** The system's code, never the message, which may quote addresses inside. */
function reasonOf(cause: Error): string {
  if (cause instanceof RefusedAddressError) return cause.message;
  return `it cannot be reached (${"code" in cause ? String(cause.code) : "unknown error"})`;
}
