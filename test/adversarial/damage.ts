/** What governs, damaged beneath a gateway that runs or handed to `run` broken: the data of `damage/damage.yaml`. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { FORMS, formsOf } from "./forms.ts";
import { toBytes } from "./template.ts";

const ID = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);
const EXPECT = z.union([
  // what governed before governs on
  z.literal("kept"),
  // nobody accepted the server's tools: none is known
  z.literal("unlisted"),
  // its server cannot be asked for its tools
  z.literal("unreachable"),
  z.strictObject({ denied: z.string() }),
  z.strictObject({ http: z.int() }),
]);
const DAMAGE = z.strictObject({
  id: ID,
  note: z.string().optional(),
  vary: FORMS,
  /** Text that becomes the policy's newest version. */
  document: z.string().optional(),
  /** SQL; `{{server}}`, `{{policy}}` and `{{grant}}` are ids. */
  change: z.string().optional(),
  /** SQL that is run when all was tried. The server of the case is removed anyway. */
  undo: z.string().optional(),
  expect: EXPECT,
});
/** A policy file, or a name without one. */
const BROKEN_FILE = z.strictObject({ id: ID, vary: FORMS, name: z.string(), text: z.string().optional() });

export type Damage = Omit<z.infer<typeof DAMAGE>, "vary"> & { readonly name: string };
export interface BrokenFile {
  readonly id: string;
  /** The file's. */
  readonly name: string;
  readonly text: Buffer | undefined;
}

const FILE = new URL("./damage/damage.yaml", import.meta.url);
const SHAPE = z.strictObject({
  about: z.string(),
  cases: z.array(DAMAGE).min(1),
  files: z.array(BROKEN_FILE).min(1),
});

/** Every case, and every policy file that is none, once per form. */
export function readDamage(): { readonly cases: readonly Damage[]; readonly files: readonly BrokenFile[] } {
  const read = SHAPE.safeParse(parse(readFileSync(FILE, "utf8")));
  if (!read.success) throw new Error(`damage.yaml: ${z.prettifyError(read.error)}`);
  const cases = read.data.cases.flatMap((written) =>
    formsOf(written).map(({ form, label }): Damage => ({ ...form, name: `${written.id}${label}` })),
  );
  const files = read.data.files.flatMap((written) =>
    formsOf(written).map(({ form, label }) => toFile(`${written.id}${label}`, form.name, form.text)),
  );
  const documents = cases.flatMap(({ name, document }) =>
    document === undefined ? [] : [toFile(name, "p.json", document)],
  );
  return { cases, files: [...documents, ...files] };
}

function toFile(id: string, name: string, text: string | undefined): BrokenFile {
  const bytes = text === undefined ? undefined : toBytes(text, {});
  return { id, name: toBytes(name, {}).toString("utf8"), text: bytes };
}
