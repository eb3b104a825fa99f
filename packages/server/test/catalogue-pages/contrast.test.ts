import { describe, expect, test } from "vitest";
import { STYLE } from "../../src/catalogue/pages/style.ts";

type Palette = ReadonlyMap<string, string>;

/** `--ink: #171a20` of one block. */
function paletteOf(css: string): Palette {
  return new Map(
    [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = "", colour = ""]) => [name, colour]),
  );
}

const [LIGHT_CSS = "", DARK_CSS = ""] = STYLE.split("@media (prefers-color-scheme: dark)");
const PALETTES: readonly (readonly [string, Palette])[] = [
  ["light", paletteOf(LIGHT_CSS)],
  ["dark", paletteOf(DARK_CSS.slice(0, DARK_CSS.indexOf("}\n}")))],
];

/** What is written on what. */
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...["page", "card", "sunk", "accent-wash"].map((ground) => ["ink", ground] as const),
  ...["page", "card", "sunk"].map((ground) => ["soft", ground] as const),
  ...["page", "card", "accent-wash", "sunk"].map((ground) => ["accent", ground] as const),
  ["accent-ink", "accent"],
  ...["low", "medium", "high", "critical"].flatMap((risk) => [
    [risk, `${risk}-wash`] as const,
    ["ink", `${risk}-wash`] as const,
    ["accent", `${risk}-wash`] as const,
    [risk, "card"] as const,
  ]),
];

/** WCAG 2.2, 1.4.3: 4.5 to 1 for text. */
describe("contrast", () => {
  for (const [name, palette] of PALETTES) {
    for (const [text, ground] of PAIRS) {
      test(`${name}: ${text} on ${ground}`, () => {
        const colours = [palette.get(text), palette.get(ground)].map((colour) =>
          luminance(colour ?? expect.fail("no colour")),
        );
        const [darker = 0, lighter = 0] = colours.toSorted((a, b) => a - b);
        expect((lighter + 0.05) / (darker + 0.05)).toBeGreaterThanOrEqual(4.5);
      });
    }
  }
});

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
