import { createHash } from "node:crypto";
import { SCRIPT } from "./script.ts";
import { STYLE, STYLE_PARTS } from "./style.ts";

/** A file that pages load: its name changes with its content, so it may be kept for ever. */
export interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#3b6fe0" stroke-width="2" stroke-linecap="round"><path d="M3 21V10a9 9 0 0 1 18 0v11M8 5v16M12 4v17M16 5v16M3.500 11h17M3.500 16h17"/></svg>`;

export const STYLE_SHEET = asset("style", "css", "text/css; charset=utf-8", STYLE + STYLE_PARTS);
export const PAGE_SCRIPT = asset("page", "js", "text/javascript; charset=utf-8", SCRIPT);
export const PAGE_ICON = asset("icon", "svg", "image/svg+xml", ICON);

/** By path. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  [STYLE_SHEET, PAGE_SCRIPT, PAGE_ICON].map((file) => [file.path, file]),
);

function asset(name: string, extension: string, contentType: string, body: string): Asset {
  const hash = createHash("sha256").update(body).digest("base64url").slice(0, 12);
  return { path: `/catalogue/assets/${name}.${hash}.${extension}`, contentType, body };
}
