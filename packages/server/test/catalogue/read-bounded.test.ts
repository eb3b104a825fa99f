import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MAX_TEXT_BYTES, readBounded, readHead } from "../../src/catalogue/introspect/read-bounded.ts";

/** A file with these words at its beginning and nothing after them; sparse, so it takes no room. */
function fileOf(words: string, bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "METADATA");
  writeFileSync(path, words);
  truncateSync(path, bytes);
  return path;
}

// More than Node takes into one buffer: reading all of it fails, or ends the process.
const HUGE = 8 * 1024 ** 3;

test("the head of a file is read, and no more of it", () => {
  const head = readHead(fileOf("#!/usr/bin/env node", HUGE), 300);
  expect([head.length, head.toString("latin1", 0, 19)]).toEqual([300, "#!/usr/bin/env node"]);
  expect(readHead(fileOf("abc", 3), 300).toString()).toBe("abc");
  expect(readHead("/nowhere/at/all", 300)).toHaveLength(0);
});

test("a text is read up to the bound, and beyond it is an error", () => {
  const text = readBounded(fileOf("Name: x", MAX_TEXT_BYTES));
  expect(text.ok && text.value.length).toBe(MAX_TEXT_BYTES);
  for (const bytes of [MAX_TEXT_BYTES + 1, HUGE]) {
    expect(readBounded(fileOf("Name: x", bytes))).toEqual({
      ok: false,
      error: "its `METADATA` is larger than 1 MiB",
    });
  }
  expect(readBounded("/nowhere/at/all")).toEqual({ ok: true, value: "" });
});
