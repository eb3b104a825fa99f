import type { Era } from "../wire.ts";
import type { Running } from "./running.ts";

/** One row of the table: a way for a call to reach the upstream. */
export interface Contestant {
  /** Short and stable: results and thresholds name it so. */
  readonly name: string;
  readonly title: string;
  readonly era: Era;
  /** Where calls go, with path. */
  readonly url: string;
  /** Besides those of every call: token, session. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined where the load goes straight to the upstream. */
  readonly proxy: Running | undefined;
}

/** How far a proxy is asked to go: 20 tools and 200 bytes of text, as the table has it. */
export const SITE = { textBytes: 200, tools: 20 } as const;

/** The upstream's path for a server of this kind. */
export function sitePath(
  era: Era,
  site: { readonly textBytes: number; readonly tools: number } = SITE,
): string {
  return `/${era}/${site.textBytes}/${site.tools}`;
}
