import { describe, expect, it } from "vitest";
import { FolderKeys } from "../../src/storage/keys.ts";
import { isWellFormedToken, makeId, makeToken } from "../../src/storage/token.ts";

describe("grant tokens", () => {
  it("have the published form and their own checksum", () => {
    for (let count = 0; count < 1_000; count += 1) {
      const token = makeToken("g");
      expect(token).toMatch(/^pcl_g_[0-9A-Za-z]{38}$/);
      expect(isWellFormedToken(token, "g")).toBe(true);
    }
  });

  it("a changed character anywhere is refused", () => {
    const token = makeToken("g");
    const accepted = [...token].map((character, at) => {
      const changed = token.slice(0, at) + (character === "A" ? "B" : "A") + token.slice(at + 1);
      return isWellFormedToken(changed, "g");
    });
    expect(accepted.filter((isAccepted) => isAccepted)).toEqual([]);
  });

  it.each([
    ["empty", ""],
    ["prefix alone", "pcl_g_"],
    ["another kind", makeToken("g").replace("pcl_g_", "pcl_u_")],
    ["a white space", `${makeToken("g")} `],
    ["no base62", `pcl_g_${"é".repeat(38)}`],
    ["very long", `pcl_g_${"A".repeat(1_000_000)}`],
  ])("threat 56: %s is refused without a digest", (_, text) => {
    expect(isWellFormedToken(text, "g")).toBe(false);
    expect(new FolderKeys(Buffer.alloc(32, 7)).tokenDigest(text)).toBe(undefined);
  });

  it("every character comes about equally often: rejection sampling", () => {
    const counts = new Map<string, number>();
    for (let count = 0; count < 4_000; count += 1) {
      for (const character of makeId("srv").slice(4)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    // 64,000 characters: 1,032 of each, give or take six standard deviations.
    expect(counts.size).toBe(62);
    expect([...counts].filter(([, count]) => count < 840 || count > 1_230)).toEqual([]);
  });
});
