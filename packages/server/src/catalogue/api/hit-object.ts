import { API, serverPath, toolPath } from "../pages/paths.ts";
import { SHOWN, toVisible } from "../pages/text.ts";
import type { HitPage, SearchHit } from "../reader.ts";

/** A hit with where to read on. */
export interface HitObject extends SearchHit {
  /** Its page, without the origin. */
  readonly path: string;
  /** The name and what it is, with every character that cannot be seen spelled out. */
  readonly label: string;
  readonly note: string;
}

export function toHitObject(hit: SearchHit): HitObject {
  const path = hit.tool === undefined ? serverPath(hit.server) : toolPath(hit.server, hit.tool);
  const from = toVisible(hit.server, { max: SHOWN.name });
  const label = hit.tool === undefined ? from : toVisible(hit.tool, { max: SHOWN.name });
  const note = hit.tool === undefined ? "Server" : `${hit.risk ?? "unknown"} risk, ${from}`;
  return { ...hit, path, label, note };
}

/** A page of hits with the path of the next one. */
export function toHitList(page: HitPage, query: URLSearchParams): object {
  const next = new URLSearchParams(query);
  if (page.cursor !== undefined) next.set("cursor", page.cursor);
  return {
    hits: page.hits.map(toHitObject),
    next: page.cursor === undefined ? undefined : `${API}/search?${next}`,
    cursor: page.cursor,
  };
}
