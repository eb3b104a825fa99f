import type { PolicyDocument } from "@portcullis/policy";
import { compareNames } from "./classified-tool.ts";
import { counted, plainText } from "./plain-text.ts";
import type { ToolRecommendation } from "./recommend-tool.ts";

/** The document that puts recommendations into force. Names are in order, so that the same tools give the same text. */
export function toDocument(server: string, recommendations: readonly ToolRecommendation[]): PolicyDocument {
  const byName = recommendations.toSorted((a, b) => compareNames(a.tool.name, b.tool.name));
  const hide = byName.filter(({ isHidden }) => isHidden).map(({ tool }) => tool.name);
  const entries = byName.flatMap(({ tool, entry }) =>
    entry === undefined ? [] : [[tool.name, entry] as const],
  );
  return {
    version: "1",
    description: `Recommended for ${plainText(server, 200)}: ${counted(entries.length, "tool")} with an entry, ${hide.length} hidden. Everything else is denied, resources and prompts too.`,
    default: "deny",
    ...(hide.length === 0 ? {} : { hide }),
    // INVARIANT: Object.fromEntries defines members, it never assigns: `__proto__` sets no prototype.
    tools: Object.fromEntries(entries),
  };
}
