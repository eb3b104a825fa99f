import { describe, expect, test } from "vitest";
import { html } from "../../src/catalogue/pages/html.ts";
import { sentence } from "../../src/catalogue/pages/sentence.ts";
import {
  asciiOf,
  nameOf,
  paragraphOf,
  shown,
  toVisible,
  toVisibleJson,
} from "../../src/catalogue/pages/text.ts";

describe("what cannot be seen is spelled out", () => {
  const CASES: readonly (readonly [name: string, text: string, expected: string])[] = [
    ["plain text stays", "send_email: Grüße, 東京", "send_email: Grüße, 東京"],
    ["right-to-left override", "exe\u202Egnp", "exe[U+202E]gnp"],
    ["isolates", "\u2066a\u2069", "[U+2066]a[U+2069]"],
    ["zero width", "a\u200Bb\u2060c\uFEFFd", "a[U+200B]b[U+2060]c[U+FEFF]d"],
    ["escape sequence", "\u001B[31mred", "[U+001B][31mred"],
    ["line break in a name", "a\nb\r\nc", "a[U+000A]b[U+000D][U+000A]c"],
    ["line separator", "a\u2028b", "a[U+2028]b"],
    ["tag characters", "a\u{E0041}\u{E0042}", "a[U+E0041][U+E0042]"],
    ["variation selectors that carry data", "a\uFE01\u{E0101}", "a[U+FE01][U+E0101]"],
    ["Hangul filler", "a\u3164b", "a[U+3164]b"],
    ["soft hyphen", "pay\u00ADpal", "pay[U+00AD]pal"],
    ["private use", "\uE000", "[U+E000]"],
    ["half a character", "a\uD800b", "a[U+D800]b"],
    ["an emoji with a selector", "⚠️ careful", "⚠️ careful"],
    ["emoji that are joined", "👩‍💻", "👩‍💻"],
    ["a joiner without emoji", "a\u200Db", "a[U+200D]b"],
    ["a selector twice", "⚠\uFE0F\uFE0F", "⚠\uFE0F[U+FE0F]"],
    ["towers of marks", `a${"\u0301".repeat(6)}`, `a${"\u0301".repeat(4)}[U+0301][U+0301]`],
  ];
  for (const [name, text, expected] of CASES) {
    test(name, () => expect(toVisible(text, { max: 100 })).toBe(expected));
  }

  test("a description keeps its lines, but not a screen full of empty ones", () => {
    const text = `first\r\n\tsecond${"\n".repeat(500)}last`;
    expect(toVisible(text, { max: 1_000, isBlock: true })).toBe("first\n\tsecond\n\nlast");
  });
});

describe("markup", () => {
  test("is text, and isolated", () => {
    expect(String(nameOf('<script>"x"</script>'))).toBe(
      "<bdi>&lt;script&gt;&quot;x&quot;&lt;/script&gt;</bdi>",
    );
  });

  test("escapes are marked, so that no text can imitate them", () => {
    expect(String(shown("a\u202E[U+202E]", { max: 100 }))).toBe(
      '<bdi>a<span class="unseen">U+202E</span>[U+202E]</bdi>',
    );
  });

  test("an object that says that it is escaped is no markup", () => {
    const forged = JSON.parse('{"isEscaped":true}') as string;
    expect(String(html`<p>${forged}</p>`)).toBe("<p>[object Object]</p>");
  });

  test("names in backticks become code, whatever is in them", () => {
    expect(String(sentence("Use `<b>` now"))).toBe(
      "<bdi>Use </bdi><code><bdi>&lt;b&gt;</bdi></code><bdi> now</bdi>",
    );
  });
});

describe("what is too long", () => {
  test("is cut with a note, in no time", () => {
    const started = performance.now();
    const text = String(paragraphOf("x".repeat(10_000_000)));
    expect(performance.now() - started).toBeLessThan(200);
    expect(text.length).toBeLessThan(4_500);
    expect(text).toContain("9,996,000 more characters are not shown");
  });

  test("is never cut through a character", () => {
    expect(toVisible("ab😀", { max: 3 })).toBe("ab…");
  });
});

describe("JSON for people", () => {
  test("spells out what cannot be seen, and stays the same value", () => {
    const value = { "a\u202Eb": ["\u0085\u{E0041}\uD800", "plain ü"] };
    const text = toVisibleJson(JSON.stringify(value, null, 2));
    expect(text).toBe('{\n  "a\\u202Eb": [\n    "\\u0085\\uDB40\\uDC41\\ud800",\n    "plain ü"\n  ]\n}');
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe("names that look like others", () => {
  test("are spelled out", () => expect(asciiOf("se\u0430rch")).toBe("se\\u{0430}rch"));
  test("plain ones are not", () => expect(asciiOf("search_2 (x)")).toBeUndefined());
});
