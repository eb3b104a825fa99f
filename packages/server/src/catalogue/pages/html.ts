import { html as escaping } from "hono/html";

declare const escaped: unique symbol;

/** Markup that is safe to send: only {@link html} makes it. */
export type Html = { readonly [escaped]: true; toString(): string };

/** What may stand in a hole of {@link html}: text is escaped; `false` and `undefined` leave nothing. */
export type Fragment = Html | string | number | false | undefined | readonly Fragment[];

/**
 * Writes markup: every hole is escaped unless it was itself written by this function. Holes stand between tags or
 * in quoted attributes, never elsewhere (a test reads the sources for it). Tagged templates, because the sources run
 * without a compiler and Node takes no JSX.
 */
export function html(strings: TemplateStringsArray, ...holes: readonly Fragment[]): Html {
  // No hole is a promise, so neither is the answer.
  return escaping(strings, ...holes) as unknown as Html;
}

/** Nothing. */
export const NOTHING: Html = html``;
