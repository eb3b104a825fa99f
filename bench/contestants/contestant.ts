import { type Era, toolNames } from "../wire.ts";
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
  /** What its calls and their answers are, where that differs from the table's. */
  readonly calls?: Partial<Calls>;
}

/** The calls that are made, and what the upstream answers. */
export interface Calls {
  readonly method: "tools/call" | "tools/list";
  /** Of the body of a `tools/call`. */
  readonly bytes: number;
  /** Names of the tools that are called in turn. */
  readonly tools: readonly string[];
  /** Of the text in an answer to `tools/call`. */
  readonly textBytes: number;
  /** Names that `tools/list` answers with. */
  readonly listed: readonly string[];
  readonly connections: number;
}

/** How far a proxy is asked to go: 20 tools and 200 bytes of text, as the table has it. */
export const SITE = { textBytes: 200, tools: 20 } as const;

const SITE_TOOLS = toolNames(SITE.tools);
/** Of the table: 503 bytes of body, each of 20 tools in turn, over 32 connections. */
const TABLE: Calls = {
  method: "tools/call",
  bytes: 503,
  tools: SITE_TOOLS,
  textBytes: SITE.textBytes,
  listed: SITE_TOOLS,
  connections: 32,
};

export function callsOf({ calls }: Contestant): Calls {
  return { ...TABLE, ...calls };
}

/** The upstream's path for a server of this kind. */
export function sitePath(
  era: Era,
  site: { readonly textBytes: number; readonly tools: number } = SITE,
): string {
  return `/${era}/${site.textBytes}/${site.tools}`;
}
