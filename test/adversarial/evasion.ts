/** Ways to have something run that no row tells of: the data of `evasion/evasion.yaml`. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { FORMS, formsOf } from "./forms.ts";

const ID = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);
const BROKEN_LOG = z.strictObject({
  id: ID,
  note: z.string().optional(),
  vary: FORMS,
  /** SQL on the log's file, and what takes it back. */
  change: z.string(),
  undo: z.string(),
  /** Nothing runs meanwhile; or whoever verifies finds out. */
  expect: z.enum(["refused", "found"]),
});
const CUT = z.strictObject({
  id: ID,
  note: z.string().optional(),
  vary: FORMS,
  /** Where the connection ends: in the head, the body, or a second call behind a first. */
  part: z.enum(["head", "body", "second"]),
  /** So many bytes of it are sent: a number, from the end when negative, a share of one, or `all`. */
  at: z.string().regex(/^(-?\d+|0\.\d+|all)$/),
  ends: z.enum(["close", "reset"]),
});

const FATE = z.enum(["ran", "refused"]);
const OUTLET = z.strictObject({
  id: ID,
  /** The file for rows. Default: standard error. */
  log: z.string().optional(),
  /** When whoever reads standard error leaves. */
  closes: z.enum(["before", "after"]).optional(),
  /** What becomes of the first call, and of those after it. */
  expect: z.strictObject({ first: FATE, later: FATE }),
});

export type Outlet = z.infer<typeof OUTLET>;
export type BrokenLog = z.infer<typeof BROKEN_LOG> & { readonly name: string };
export type Cut = z.infer<typeof CUT> & { readonly name: string };

const SHAPE = z.strictObject({
  about: z.string(),
  logs: z.array(BROKEN_LOG),
  cuts: z.array(z.looseObject({})).min(1),
  outlets: z.array(OUTLET).min(1),
});

/** Every case, once per form. */
export function readEvasion(): {
  readonly logs: readonly BrokenLog[];
  readonly cuts: readonly Cut[];
  readonly outlets: readonly Outlet[];
} {
  const file = new URL("./evasion/evasion.yaml", import.meta.url);
  const read = SHAPE.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`evasion.yaml: ${z.prettifyError(read.error)}`);
  const logs = read.data.logs.flatMap((written) =>
    formsOf(written).map(({ form, label }) => ({ ...form, name: `${written.id}${label}` })),
  );
  const cuts = read.data.cuts.flatMap((written) =>
    // Its parts are made of forms, so what they come to is checked.
    formsOf(written as { readonly vary?: z.infer<typeof FORMS> }).map(({ form, label }) => {
      const cut = CUT.parse(form);
      return { ...cut, name: `${cut.id}${label}` };
    }),
  );
  return { logs, cuts, outlets: read.data.outlets };
}
