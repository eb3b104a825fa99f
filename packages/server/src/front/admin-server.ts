import { createServer, type Server as HttpServer } from "node:http";

/** What the operator's listener shows. It listens on loopback only (threat 101). */
export interface AdminViews {
  /** False while the log cannot be written or the state cannot be read: no call is allowed then. */
  isReady(): boolean;
  /** Prometheus text. */
  metrics(): { readonly contentType: string; readonly text: string };
  readonly allowedHosts: () => ReadonlySet<string>;
}

/** `/healthz`, `/readyz`, `/metrics`, and nothing else. */
export function createAdminServer(views: AdminViews): HttpServer {
  return createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    const answer = (status: number, contentType: string, text: string): void => {
      response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
      response.end(text);
    };
    // A page in a browser must not read metrics through DNS rebinding (threat 62).
    if (
      request.headers.origin !== undefined ||
      !views.allowedHosts().has(request.headers.host?.toLowerCase() ?? "")
    ) {
      answer(403, "text/plain", "forbidden\n");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      answer(405, "text/plain", "method not allowed\n");
    } else if (request.url === "/healthz") {
      answer(200, "text/plain", "ok\n");
    } else if (request.url === "/readyz") {
      const isReady = views.isReady();
      answer(isReady ? 200 : 503, "text/plain", isReady ? "ready\n" : "not ready\n");
    } else if (request.url === "/metrics") {
      const { contentType, text } = views.metrics();
      answer(200, contentType, text);
    } else {
      answer(404, "text/plain", "not found\n");
    }
  });
}
