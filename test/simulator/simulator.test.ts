import { describe, expect, test } from "vitest";
import type { Ports } from "../../packages/server/src/call/ports.ts";
import { simulate } from "./simulate.ts";
import { type Distort, playWorld } from "./world.ts";

/** 10⁶ calls are a run of the continuous integration; a person who waits says less. */
const CALLS = Number(process.env["PORTCULLIS_SIM_CALLS"] ?? "1000000");
/** The same history in every run; `npm run simulate` draws another one each time. */
const SEED = Number(process.env["PORTCULLIS_SIM_SEED"] ?? "1");
const MINUTES = 60_000;

test(`${CALLS} calls break no promise, with deaths, full disks and clocks that jump (P1, P2, P4, P8, L5, L6, L10)`, {
  timeout: 20 * MINUTES,
}, async () => {
  console.log(`seed ${SEED}`);
  const { worlds, calls } = await simulate(SEED, CALLS);
  const broken = worlds.filter(({ violations }) => violations.length > 0);
  expect(broken.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
  expect(calls).toBeGreaterThanOrEqual(CALLS);
  const sum = (name: "ran" | "deniedByLimit" | "refunds" | "crashes" | "storeFaults" | "revocations") =>
    worlds.reduce((total, world) => total + world[name], 0);
  // A simulation in which nothing happens keeps every promise.
  expect(sum("ran")).toBeGreaterThan(calls / 4);
  expect(sum("deniedByLimit")).toBeGreaterThan(calls / 10);
  expect(sum("refunds")).toBeGreaterThan(calls / 50);
  expect(sum("crashes")).toBeGreaterThan(calls / 2_000);
  expect(sum("storeFaults")).toBeGreaterThan(calls / 2_000);
  expect(sum("revocations")).toBeGreaterThan(calls / 5_000);
});

describe("a seed", () => {
  test("is one history: the same again, and another for another seed", async () => {
    const [first, again, other] = [
      await playWorld(7, 3_000),
      await playWorld(7, 3_000),
      await playWorld(8, 3_000),
    ];
    expect(again).toEqual(first);
    expect(other.history).not.toBe(first.history);
  });
});

describe("a gateway that is broken is found out", () => {
  const BROKEN: readonly { readonly name: string; readonly distort: Distort; readonly said: RegExp }[] = [
    {
      name: "counters that let one call too many pass",
      distort: (ports) => {
        let denied = 0;
        const reserve: Ports["counters"]["reserve"] = (...asked) => {
          const answer = ports.counters.reserve(...asked);
          if (answer instanceof Promise || answer.ok) return answer;
          denied += 1;
          return denied === 10 ? { ok: true, charges: [] } : answer;
        };
        return { ...ports, counters: { reserve, refund: (charges) => ports.counters.refund(charges) } };
      },
      said: /was wrongly admitted/,
    },
    {
      name: "counters that forget a charge",
      distort: (ports) => {
        let calls = 0;
        const reserve: Ports["counters"]["reserve"] = (...asked) => {
          const answer = ports.counters.reserve(...asked);
          calls += 1;
          if (calls % 50 === 0 && !(answer instanceof Promise) && answer.ok)
            ports.counters.refund(answer.charges.map((charge) => ({ ...charge })));
          return answer;
        };
        return { ...ports, counters: { reserve, refund: (charges) => ports.counters.refund(charges) } };
      },
      said: /was wrongly admitted/,
    },
    {
      name: "a log that acknowledges before it commits",
      distort: (ports) => {
        let seq = 0;
        const intend: Ports["audit"]["intend"] = (entry) => {
          void ports.audit.intend(entry);
          seq += 1;
          return Promise.resolve(seq);
        };
        return { ...ports, audit: { intend, record: (entry) => ports.audit.record(entry) } };
      },
      said: /was sent without a committed intent/,
    },
    {
      name: "a log that loses an outcome",
      distort: (ports) => {
        let outcomes = 0;
        const record: Ports["audit"]["record"] = (entry) => {
          outcomes += 1;
          if (outcomes !== 20) ports.audit.record(entry);
        };
        return { ...ports, audit: { record, intend: (entry) => ports.audit.intend(entry) } };
      },
      said: /is told as unknown/,
    },
    {
      name: "a snapshot that never hears of a revocation",
      distort: (ports) => {
        const known = new Map<string, ReturnType<Ports["snapshot"]["grantByDigest"]>>();
        const { snapshot } = ports;
        const frozen: Ports["snapshot"] = {
          grantByDigest: (digest) => {
            const grant = known.get(digest) ?? snapshot.grantByDigest(digest);
            known.set(digest, grant);
            return grant;
          },
          isCurrent: () => true,
          server: (id) => snapshot.server(id),
          policy: (id) => snapshot.policy(id),
          onChange: (listener) => snapshot.onChange(listener),
        };
        return { ...ports, snapshot: frozen };
      },
      said: /of a grant that is revoked was let in/,
    },
    {
      name: "an upstream that is sent everything twice",
      distort: (ports) => {
        const { upstreams } = ports;
        const open: Ports["upstreams"]["open"] = (request, sink) => {
          upstreams.open(request, sink);
          return upstreams.open(request, sink);
        };
        return { ...ports, upstreams: { ...upstreams, open } };
      },
      said: /was sent twice/,
    },
  ];
  test.each(BROKEN)("$name", async ({ distort, said }) => {
    const { violations } = await playWorld(1, 6_000, distort);
    expect(violations.join("\n")).toMatch(said);
  });
});
