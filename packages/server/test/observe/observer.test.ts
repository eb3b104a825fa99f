import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { LiveObserver } from "../../src/observe/observer.ts";

test("a collector of log lines that goes away costs the lines, not the process", async () => {
  const gone = new Writable({
    write(_piece, _encoding, done) {
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    },
  });
  const observer = new LiveObserver("info", gone);
  const closed = new Promise((resolve) => gone.on("close", resolve));
  observer.warn("first", {});
  await closed;
  observer.warn("second", {});
  expect(gone.errored).toMatchObject({ code: "EPIPE" });
});

test("many observers of one stream listen to it once", () => {
  const shared = new Writable({ write: (_piece, _encoding, done) => done() });
  for (let count = 0; count < 20; count += 1) new LiveObserver("info", shared);
  expect(shared.listenerCount("error")).toBe(1);
});
