import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { writeJsonLines } from "../src/json-lines.ts";

const ROWS = 100_000;

/** Rows of a hundred bytes, and how many of them were asked for. */
function rows(): { readonly asked: () => number; readonly values: Iterable<unknown> } {
  let asked = 0;
  function* values() {
    for (; asked < ROWS; asked += 1) yield { row: asked, text: "x".repeat(80) };
  }
  return { asked: () => asked, values: values() };
}

describe("JSON lines", () => {
  test("all of them, each a line, whoever takes them", async () => {
    let text = "";
    const { values } = rows();
    await writeJsonLines({ write: (part) => (text += part) }, values);
    const lines = text.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { row: number }).row)).toEqual([...lines.keys()]);
    expect(lines.length).toBe(ROWS);
  });

  test("no more are read than somebody takes", async () => {
    const { asked, values } = rows();
    let most = 0;
    const slow = new Writable({
      write(chunk, _encoding, done) {
        const before = asked();
        setImmediate(() => {
          most = Math.max(most, asked() - before);
          done();
        });
        expect(String(chunk)).toMatch(/^\{"row":/);
      },
    });
    await writeJsonLines(slow, values);
    expect(asked()).toBe(ROWS);
    expect(most).toBeLessThan(2_000);
  });

  test("none is read when nobody does any more", async () => {
    const { asked, values } = rows();
    // As the standard output of a process: it fails, and takes what is written to it all the same.
    const gone = new Writable({
      autoDestroy: false,
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      },
    });
    gone.on("error", () => {});
    await writeJsonLines(gone, values);
    expect(asked()).toBeLessThan(5_000);
  });
});
