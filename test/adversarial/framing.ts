/** Hostile framing on stdio: bytes that are no line, or not the line that was waited for. `framing/*.yaml` has the data. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { valuesFor } from "./answers.ts";
import { CREDENTIAL, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import { asCase, exchange, type LinePlace, openChildPlace, openRunPlace, TRUE_TEXT } from "./line-answers.ts";
import { toBytes, vary } from "./template.ts";
import { answerAsWorld } from "./world-server.ts";

const FRAMING = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  threats: z.array(z.int().min(1).max(104)).min(1),
  note: z.string().optional(),
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Standard output in answer to the call; before it, ten thousand times, a line. */
  bytes: z.string(),
  lines: z.string().optional(),
  /** Standard error, before. */
  aside: z.string().optional(),
  /** The process ends afterwards. */
  ends: z.string().optional(),
  /** On a server of its own: it may be given up. */
  fresh: z.boolean().optional(),
  /** The client hears the one true answer, an error in the gateway's words, or either. */
  expect: z.enum(["truth", "error", "either"]),
});

export type Framing = Omit<z.infer<typeof FRAMING>, "vary"> & { readonly name: string };

const LINES = 10_000;
const FILE = new URL("./framing/framing.yaml", import.meta.url);

/** Every case, once per product of its forms. */
export function readFraming(): readonly Framing[] {
  const shape = z.strictObject({ about: z.string(), cases: z.array(FRAMING).min(1) });
  const read = shape.safeParse(parse(readFileSync(FILE, "utf8")));
  if (!read.success) throw new Error(`framing.yaml: ${z.prettifyError(read.error)}`);
  return read.data.cases.flatMap(({ vary: parts = {}, ...rest }) => {
    let forms: Framing[] = [{ ...rest, name: rest.id }];
    for (const [part, choices] of Object.entries(parts))
      forms = forms.flatMap((form) =>
        Object.entries(choices).map(([label, text]) => chosen(form, part, label, text)),
      );
    return forms;
  });
}

function chosen(form: Framing, part: string, label: string, text: string): Framing {
  const varied = vary(JSON.stringify(form), { [part]: JSON.stringify(text).slice(1, -1) }, true);
  return { ...(JSON.parse(varied) as Framing), name: `${form.name}[${label}]` };
}

const TRUTH = `{"jsonrpc":"2.0","id":{{id}},"result":{{{type}}"content":[{"type":"text","text":"${TRUE_TEXT}"}]}}`;
const LIE = TRUTH.replace(TRUE_TEXT, "a lie");

/** Tries every case with the gateway and with `run` in front, in both eras; failures are lines. */
export async function runFraming(
  cases: readonly Framing[],
  world: World,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let cells = 0;
  for (const era of ["modern", "legacy"] as const) {
    for (const isRun of [false, true]) {
      const open = () => (isRun ? openRunPlace(world, era, true) : openChildPlace(world, era));
      let place = await open();
      for (const framing of cases) {
        cells += 1;
        const tried = await tryWatched(framing, place, world);
        failures.push(...tried.map((problem) => `${framing.name} on ${place.name}: ${problem}`));
        // Who died is started again after a while only, and who babbles may be given up.
        const isSpent = framing.ends !== undefined || framing.fresh === true || tried.length > 0;
        if (isSpent) await close(place, world);
        if (isSpent) place = await open();
      }
      await close(place, world);
    }
  }
  return { cells, failures };
}

async function close({ lines, path }: LinePlace, world: World): Promise<void> {
  await lines?.[Symbol.asyncDispose]();
  world.relay.end(path);
}

async function tryWatched(framing: Framing, place: LinePlace, world: World): Promise<readonly string[]> {
  const { length } = bytesOf(framing, "0", place.target.era);
  let isFirst = true;
  const attempt = async (): Promise<readonly string[]> => {
    // A server that died cannot be tried again.
    const isOver = !isFirst && (framing.ends !== undefined || framing.fresh === true);
    isFirst = false;
    return isOver ? [] : tryFraming(framing, place, world);
  };
  const tried = await place.process.notHeldUp(length, attempt).catch((error: unknown) => ({
    value: [],
    problems: [String(error)],
  }));
  return [...tried.value, ...tried.problems];
}

function bytesOf(framing: Framing, id: string, era: Target["era"]): Buffer {
  const values = { ...valuesFor(id, CREDENTIAL, era), truth: TRUTH, lie: LIE };
  const line = framing.lines === undefined ? "" : `${toBytes(framing.lines, values).toString("latin1")}\n`;
  return Buffer.concat([Buffer.from(line.repeat(LINES), "latin1"), toBytes(framing.bytes, values)]);
}

async function tryFraming(framing: Framing, place: LinePlace, world: World): Promise<readonly string[]> {
  const { target, path, rows } = place;
  const sent = compose(asCase(framing), target);
  rows.fresh();
  let calls = 0;
  world.upstream.script = (seen) => {
    if (seen.path !== `/${path}` || seen.message?.["method"] !== "tools/call") return answerAsWorld(seen);
    calls += 1;
    const bytes = bytesOf(framing, JSON.stringify(seen.message["id"]), target.era);
    const aside = toBytes(framing.aside ?? "", { ...valuesFor("0", CREDENTIAL, target.era), lie: LIE });
    const ends =
      framing.ends === undefined ? {} : ({ ends: framing.ends === "close" ? "close" : "reset" } as const);
    return { pieces: [bytes], isLines: true, aside, ...ends };
  };
  const { text, heard } = await exchange(place, sent, world).finally(() => {
    world.upstream.script = answerAsWorld;
  });
  const said = rows.fresh().filter(({ message }) => !message.startsWith("`jsonrpc` must be"));
  const answers = heard.filter((message) => !Object.hasOwn(message as object, "method"));
  const problems: string[] = [];
  if (answers.length !== 1) problems.push(`${answers.length} answers`);
  if (said.length !== 1) problems.push(`${said.length} rows instead of 1`);
  if (calls !== 1) problems.push(`${calls} calls reached the server`);
  const found = text.includes(TRUE_TEXT) ? "truth" : text.includes("[UPSTREAM ERROR]") ? "error" : "nothing";
  const isFine = found === framing.expect || (framing.expect === "either" && found !== "nothing");
  if (!isFine) problems.push(`${found} is heard: ${text.slice(0, 300)}`);
  if (/a lie|made-up|sampling|not-asked/.test(text))
    problems.push(`what nobody asked for is heard: ${text.slice(0, 300)}`);
  const leaked = world.canaries.find(text) ?? world.canaries.find(JSON.stringify(said));
  return leaked === undefined ? problems : [...problems, `the ${leaked} came out`];
}
