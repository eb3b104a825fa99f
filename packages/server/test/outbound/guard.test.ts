import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { guardedLookup, RefusedAddressError, type Resolver } from "../../src/outbound/guard.ts";
import { judgeUrl } from "../../src/outbound/judge.ts";

/** A look-up of `mcp.example` with a clock and a resolver that the test moves. */
function guarded(resolve: Resolver) {
  const judged = judgeUrl("https://mcp.example/", {});
  if (!judged.ok) throw new Error(judged.error);
  let nowMs = 0;
  const lookup = guardedLookup(judged.value, resolve, () => nowMs);
  const ask = (host = "mcp.example"): Promise<unknown> =>
    new Promise((done) => {
      lookup(host, { all: true }, (error, addresses) => {
        done(error ?? (addresses as LookupAddress[]).map(({ address, family }) => `${address}/${family}`));
      });
    });
  return { ask, lookup, pass: (ms: number) => (nowMs += ms) };
}

const REFUSED = expect.any(RefusedAddressError);

describe("what is connected to is what was judged (threat 62)", () => {
  test("every address of the name, in the resolver's order", async () => {
    const { ask } = guarded(async () => ["2606:4700::1", "93.184.216.34"]);
    expect(await ask()).toEqual(["2606:4700::1/6", "93.184.216.34/4"]);
  });

  test("one private address refuses the name", async () => {
    const { ask } = guarded(async () => ["93.184.216.34", "10.0.0.1"]);
    expect(await ask()).toEqual(REFUSED);
  });

  test("another name than the judged one is refused", async () => {
    const { ask } = guarded(async () => ["93.184.216.34"]);
    expect(await ask("other.example")).toEqual(REFUSED);
  });

  test("a caller that wants one address gets one", async () => {
    const { lookup } = guarded(async () => ["93.184.216.34", "93.184.216.35"]);
    const found = await new Promise((done) => {
      lookup("mcp.example", { all: false }, (error, address, family) => done([error, address, family]));
    });
    expect(found).toEqual([null, "93.184.216.34", 4]);
  });

  test("connections that open together share one look-up", async () => {
    let asked = 0;
    const { ask, pass } = guarded(async () => {
      asked += 1;
      return ["93.184.216.34"];
    });
    await Promise.all([ask(), ask(), ask()]);
    await ask();
    expect(asked).toBe(1);
    pass(6_000);
    await ask();
    expect(asked).toBe(2);
  });
});

describe("a resolver that fails or lies (F33)", () => {
  test("a name that was never validated is not reached", async () => {
    const failure = new Error("SERVFAIL");
    const { ask } = guarded(() => Promise.reject(failure));
    expect(await ask()).toBe(failure);
  });

  test("validated addresses stand in for an hour, and no longer", async () => {
    let isDown = false;
    const failure = new Error("SERVFAIL");
    const { ask, pass } = guarded(async () => {
      if (isDown) throw failure;
      return ["93.184.216.34"];
    });
    await ask();
    isDown = true;
    pass(59 * 60_000);
    expect(await ask()).toEqual(["93.184.216.34/4"]);
    pass(2 * 60_000);
    expect(await ask()).toBe(failure);
  });

  test("an empty answer is a failure, too", async () => {
    let found: readonly string[] = ["93.184.216.34"];
    const { ask, pass } = guarded(async () => found);
    await ask();
    found = [];
    pass(10_000);
    expect(await ask()).toEqual(["93.184.216.34/4"]);
  });

  test("a resolver that flips to a private address is believed, and stays refused when it fails", async () => {
    let answer: () => Promise<readonly string[]> = async () => ["93.184.216.34"];
    const { ask, pass } = guarded(() => answer());
    await ask();
    pass(10_000);
    answer = async () => ["127.0.0.1"];
    expect(await ask()).toEqual(REFUSED);
    const failure = new Error("SERVFAIL");
    answer = () => Promise.reject(failure);
    expect(await ask()).toBe(failure);
  });
});
