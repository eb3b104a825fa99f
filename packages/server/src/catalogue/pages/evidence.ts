import type { Evidence, ToolDefinition } from "@portcullis/catalogue";
import { type Html, html } from "./html.ts";
import { SHOWN, shown } from "./text.ts";
import { MODIFIER_TEXT, SOURCE_TEXT } from "./words.ts";

/** How much of the source stands around the matched words. */
const AROUND_CHARS = 70;
const MAX_SHOWN = 8;

/** Reasons, each with the words of the definition that it rests on. */
export function evidenceList(definition: ToolDefinition, evidence: readonly Evidence[]): Html {
  const left = evidence.length - MAX_SHOWN;
  return html`<ul class="why">${evidence.slice(0, MAX_SHOWN).map((one) => evidenceItem(definition, one))}</ul>
${left > 0 && html`<p class="note">And ${left} more of the same kind.</p>`}`;
}

function evidenceItem(definition: ToolDefinition, evidence: Evidence): Html {
  const { source, pointer, rule, says } = evidence;
  const place = pointer === undefined ? "" : html` at <code>${shown(pointer, { max: SHOWN.name })}</code>`;
  const meaning = Object.hasOwn(MODIFIER_TEXT, says)
    ? MODIFIER_TEXT[says as keyof typeof MODIFIER_TEXT]
    : says;
  return html`<li><strong>${meaning}</strong><blockquote>${quoted(definition, evidence)}</blockquote><span class="note">From ${SOURCE_TEXT[source]}${place}, rule <code>${rule}</code></span></li>`;
}

function quoted(definition: ToolDefinition, { source, text, start }: Evidence): Html {
  const words = html`<mark>${shown(text, { max: SHOWN.evidence })}</mark>`;
  const whole = textOf(definition, source);
  // Only where the words really stand: a quotation must not be ours.
  if (whole === undefined || start === undefined || !whole.startsWith(text, start)) return words;
  const from = Math.max(0, start - AROUND_CHARS);
  const end = start + text.length;
  const before = whole.slice(from, start);
  const after = whole.slice(end, end + AROUND_CHARS);
  const max = { max: AROUND_CHARS };
  return html`${from > 0 && "…"}${shown(oneLine(before), max)}${words}${shown(oneLine(after), max)}${end + AROUND_CHARS < whole.length && "…"}`;
}

function textOf(definition: ToolDefinition, source: Evidence["source"]): string | undefined {
  if (source === "name") return definition.name;
  if (source === "title") return definition.title ?? definition.annotations?.title;
  return source === "description" ? definition.description : undefined;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ");
}
