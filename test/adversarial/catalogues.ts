/** Hostile tool lists: what a server may say that it has, now and later, and what of it a client sees and may call. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { vary } from "./template.ts";

/** Raw JSON of one list, or of its pages. */
const LIST = z.union([z.string(), z.array(z.string())]);
const OUTCOME = z.enum(["allowed", "unknown", "changed", "no list"]);
export type Outcome = z.infer<typeof OUTCOME>;
const CATALOGUE = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  threats: z.array(z.int().min(1).max(104)).min(1),
  note: z.string().optional(),
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Eras. Default: both. */
  on: z.array(z.enum(["modern", "legacy"])).optional(),
  /** The first list, which is accepted. */
  first: LIST,
  /** What the list is later. */
  later: LIST.optional(),
  /** Only clients are shown the later list; whoever takes lists for the pins sees the first one. */
  cloaked: z.boolean().optional(),
  /** Members of the result beside the list. */
  members: z.string().optional(),
  /** Where the last page leads: to itself, to the second page, or to ever more of them. */
  endless: z.enum(["itself", "second", "on"]).optional(),
  /** So many pages like the first; `{{page}}` is the number of each. */
  pages: z.int().optional(),
  expect: z.strictObject({
    /** Names that the client's last list shows; null where there is no list. */
    listed: z.array(z.string()).nullable(),
    /** What becomes of a call. */
    calls: z.record(z.string(), OUTCOME).optional(),
    /** Texts that stand nowhere in the client's last list. */
    never: z.array(z.string()).optional(),
  }),
});

export type Catalogue = Omit<z.infer<typeof CATALOGUE>, "vary"> & { readonly name: string };

/** Every catalogue, once per form. */
export function readCatalogues(): readonly Catalogue[] {
  const file = new URL("./catalogues/catalogues.yaml", import.meta.url);
  const shape = z.strictObject({ about: z.string(), catalogues: z.array(CATALOGUE).min(1) });
  const read = shape.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`catalogues.yaml: ${z.prettifyError(read.error)}`);
  return read.data.catalogues.flatMap(expand);
}

function expand({ vary: parts, ...rest }: z.infer<typeof CATALOGUE>): readonly Catalogue[] {
  const [part, choices] = Object.entries(parts ?? {})[0] ?? [];
  if (part === undefined || choices === undefined) return [{ ...rest, name: rest.id }];
  return Object.entries(choices).map(([label, form]) => {
    const text = vary(JSON.stringify(rest), { [part]: JSON.stringify(form).slice(1, -1) });
    return { ...(JSON.parse(text) as typeof rest), name: `${rest.id}[${label}]` };
  });
}
