/** What went wrong, as RFC 9457 says. */
export interface Problem {
  readonly status: 400 | 403 | 404 | 405 | 413 | 415 | 422 | 429 | 500 | 503;
  /** The same for every occurrence. */
  readonly title: string;
  /** What to do about this one; repeats nothing that may be a secret. */
  readonly detail: string;
}

/** As `application/problem+json`. */
export function problemResponse(
  { status, title, detail }: Problem,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ type: "about:blank", title, status, detail }), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  });
}
