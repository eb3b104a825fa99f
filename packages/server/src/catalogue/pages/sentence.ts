import { type Html, html } from "./html.ts";
import { SHOWN, shown, toVisible } from "./text.ts";

const MAX_CHARS = 4_000;

/** A sentence of ours in which names stand in backticks; a stranger's words may be anywhere in it. */
export function sentence(text: string): Html {
  const pieces = toVisible(text, { max: MAX_CHARS }).split(/`([^`]+)`/);
  return html`${pieces.map((piece, at) =>
    at % 2 === 1 ? html`<code>${shown(piece, { max: SHOWN.line })}</code>` : html`<bdi>${piece}</bdi>`,
  )}`;
}

/** Where only text may stand. */
export function plainSentence(text: string): string {
  return toVisible(text.replaceAll("`", ""), { max: MAX_CHARS });
}
