/** What somebody who sets the gateway's clock tries: the data of `clocks/clocks.yaml`. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const STEP = z.strictObject({
  /** What the clock says from now on: a date, or milliseconds since 1970. */
  at: z.union([z.iso.datetime({ precision: 3 }), z.int()]),
  /** The gateway is started anew before. */
  restart: z.literal(true).optional(),
  calls: z.int().default(3),
  allowed: z.int(),
});
const CLOCK = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  note: z.string().optional(),
  zone: z.string().default("UTC"),
  /** Limits of two calls; each is a case. */
  limits: z.record(z.string(), z.looseObject({ window: z.union([z.string(), z.int()]) })).optional(),
  /** The whole entry of the policy instead. */
  entry: z.looseObject({}).optional(),
  steps: z.array(STEP).min(1),
});

export interface ClockCase {
  readonly name: string;
  readonly policy: unknown;
  readonly steps: readonly {
    readonly wallMs: number;
    readonly isRestarted: boolean;
    readonly calls: number;
    readonly allowed: number;
  }[];
}

/** Every case, once per limit. */
export function readClocks(): readonly ClockCase[] {
  const file = new URL("./clocks/clocks.yaml", import.meta.url);
  const shape = z.strictObject({ about: z.string(), clocks: z.array(CLOCK).min(1) });
  const read = shape.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`clocks.yaml: ${z.prettifyError(read.error)}`);
  return read.data.clocks.flatMap(({ id, zone, limits, entry, steps: written }) => {
    const entries =
      entry === undefined
        ? Object.entries(limits ?? {}).map(([label, limit]) => [`${id}[${label}]`, limited(limit)] as const)
        : [[id, entry] as const];
    const steps = written.map(({ at, restart, calls, allowed }) => ({
      wallMs: typeof at === "number" ? at : Date.parse(at),
      isRestarted: restart === true,
      calls,
      allowed,
    }));
    return entries.map(([name, any]) => ({
      name,
      policy: { version: "1", default: "deny", time_zone: zone, tools: { any } },
      steps,
    }));
  });
}

function limited(limit: object): object {
  return { limits: [{ counter: "few", max: 2, ...limit }] };
}
