/** The corpus of hostile requests: one YAML file per family, read strictly. README.md in this folder has the words. */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { vary } from "./template.ts";

const CODE = z.int();
/** What must come of a case; exactly one. Upstream calls are 0 unless it is `allowed` or `forwarded`. */
const EXPECT = z.union([
  // HTTP 400 with one of these codes, before policy
  z.strictObject({ refused: z.union([CODE, z.array(CODE)]) }),
  // this HTTP status (0: the connection is closed without one); `rows` when somebody was identified
  z.strictObject({ http: z.union([CODE, z.array(CODE)]), rows: z.literal(1).optional() }),
  // policy's verdict, with the rule that decided
  z.strictObject({ denied: z.string() }),
  z.strictObject({ held: z.string() }),
  // -32602 `Unknown tool`
  z.strictObject({ unknown: z.literal("tool") }),
  // -32601
  z.strictObject({ unknown: z.literal("method") }),
  // 202, and nobody hears of it
  z.strictObject({ dropped: z.literal(true) }),
  // the upstream reads these arguments (JSON text), in the bytes that were sent
  z.strictObject({ allowed: z.string(), headers: z.record(z.string(), z.string()).optional() }),
  // a message that is no tool call travels as it was sent
  z.strictObject({ forwarded: z.literal(true) }),
]);
export type Expect = z.infer<typeof EXPECT>;

const CASE = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  threats: z.array(z.int().min(1).max(104)).min(1),
  /** Why it is hostile, where the id does not say it. */
  note: z.string().optional(),
  /** Parts that take each of several forms; the case stands for their product. */
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** The tool that is called, as it is read. Default `any`. */
  tool: z.string().optional(),
  /** Raw JSON of `params.arguments`. Default `{}`. */
  arguments: z.string().optional(),
  /** Raw members of `params`, in place of the name and the arguments. */
  params: z.string().optional(),
  method: z.string().optional(),
  /** The whole body. */
  body: z.string().optional(),
  /** Header lines: null takes one away, `+Name` adds a line, anything else replaces the value. */
  headers: z.record(z.string(), z.string().nullable()).optional(),
  /** The request line. */
  start: z.string().optional(),
  /** Everything that is sent. */
  wire: z.string().optional(),
  framing: z.enum(["length", "chunked", "none"]).optional(),
  /** Cells by their tags, all of which must be there. Default: all, or `web` where HTTP itself is hostile. */
  on: z.array(z.string()).optional(),
  expect: EXPECT,
});

const FAMILY = z.strictObject({ family: z.string(), about: z.string(), cases: z.array(CASE).min(1) });

/** One case, with every part in one form. */
export interface Case extends Omit<z.infer<typeof CASE>, "vary"> {
  readonly family: string;
  /** `family/id` or `family/id[form,form]`. */
  readonly name: string;
}

export interface Family {
  readonly family: string;
  readonly about: string;
  readonly cases: readonly Case[];
}

const FOLDER = new URL("./corpus/", import.meta.url);

/** Every family, each case once per product of its forms. Throws on an unknown key or a name that comes twice. */
export function readCorpus(): readonly Family[] {
  const families = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => readFamily(name, readFileSync(new URL(name, FOLDER), "utf8")));
  const names = families.flatMap(({ cases }) => cases.map(({ name }) => name));
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) throw new Error(`cases with one name: ${twice.join(", ")}`);
  return families;
}

/** One file. `name` is for the error, which says where the file is wrong. */
export function readFamily(name: string, text: string): Family {
  const read = FAMILY.safeParse(parse(text, { version: "1.2", schema: "core" }));
  if (!read.success) throw new Error(`${name}: ${z.prettifyError(read.error)}`);
  const { family, about, cases } = read.data;
  return { family, about, cases: cases.flatMap((written) => expand(family, written)) };
}

type Written = z.infer<typeof CASE>;
type Chosen = { readonly [name: string]: string };

function expand(family: string, written: Written): readonly Case[] {
  const { vary: parts, ...rest } = written;
  if (parts === undefined) return [{ ...rest, family, name: `${family}/${written.id}` }];
  let forms: { readonly label: readonly string[]; readonly chosen: Chosen }[] = [{ label: [], chosen: {} }];
  for (const [part, choices] of Object.entries(parts)) {
    forms = forms.flatMap(({ label, chosen }) =>
      Object.entries(choices).map(([name, text]) => ({
        label: [...label, name],
        chosen: { ...chosen, [part]: text },
      })),
    );
  }
  return forms.map(({ label, chosen }) => ({
    ...(varied(rest, chosen) as typeof rest),
    family,
    name: `${family}/${written.id}[${label.join(",")}]`,
  }));
}

function varied(value: unknown, chosen: Chosen): unknown {
  if (typeof value === "string") return vary(value, chosen);
  if (Array.isArray(value)) return value.map((item) => varied(item, chosen));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]) => [vary(key, chosen), varied(inside, chosen)]),
  );
}

/** What kind of end a case has, for the counts. */
export function classOf(expect: Expect): string {
  if ("refused" in expect) return [expect.refused].flat().includes(-32020) ? "header mismatch" : "refused";
  if ("http" in expect) return "http";
  if ("unknown" in expect) return `unknown ${expect.unknown}`;
  return Object.keys(expect)[0] ?? "";
}
