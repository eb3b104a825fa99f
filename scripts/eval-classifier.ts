/**
 * How well the classifier agrees with labelled tools. Those that change something and are called Read are counted twice.
 * `raw`: of all whose label says that they change something (`must_not_be_read`). `sound`: of those whose label neither
 * is marked as wrong nor accepts Read as well.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CATEGORIES,
  type Category,
  createClassifier,
  type ToolDefinition,
  type Verdict,
} from "@portcullis/catalogue";
import { readOptions, refuseOptions } from "./options.ts";

interface Label {
  readonly server: string;
  readonly tool: string;
  readonly description?: string | null;
  readonly inputSchema?: ToolDefinition["inputSchema"] | null;
  readonly annotations?: ToolDefinition["annotations"] | null;
  readonly category: Category | null;
  readonly category_source: string | null;
  readonly accept: readonly Category[];
  readonly label_error: boolean;
  readonly must_not_be_read: boolean;
}

const BOUNDS = [0.95, 0.9, 0.8, 0.7, 0.5, 0];

interface Judged {
  readonly label: Label;
  /** Without the server's hints. */
  readonly hidden: Verdict;
  readonly shown: Verdict;
}

const USAGE = `npm run eval:classifier -- <labels.jsonl> [--json] [--half a|b] [--wrong]

How well the classifier agrees with labelled tools, without the hints of their servers and with them. The file has one
object a line: server, tool, description, inputSchema, annotations, category, category_source, accept, label_error,
must_not_be_read.

  --json       one object in place of the table
  --half a|b   the servers whose hash is even (a) or odd (b): rules made on one half are checked on the other
  --wrong      lists every verdict that is not accepted

  npm run eval:classifier -- labels.jsonl --half b --wrong`;

const { values, positionals } = readOptions(USAGE, {
  allowPositionals: true,
  options: { json: { type: "boolean" }, half: { type: "string" }, wrong: { type: "boolean" } },
});
const [path] = positionals;
if (path === undefined) refuseOptions("a file of labelled tools is missing");
const labels = readFileSync(path, "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line): Label => JSON.parse(line))
  .filter(({ server }) => values.half === undefined || halfOf(server) === values.half);
const judged = judgeAll(labels);
const report = {
  tools: labels.length,
  agreement: { hidden: agreements(judged, "hidden"), shown: agreements(judged, "shown") },
  readVersusChange: { hidden: readVersusChange(judged, "hidden"), shown: readVersusChange(judged, "shown") },
  confusion: confusion(judged),
  dangerous: dangerous(judged),
  calibration: calibration(judged),
  toolsPerSecond: speed(labels),
};
if (values.json === true) console.log(JSON.stringify(report));
else print(report);

function halfOf(server: string): "a" | "b" {
  return ((createHash("sha256").update(server).digest()[0] ?? 0) & 1) === 0 ? "a" : "b";
}

function toTool(label: Label, hasHints: boolean): ToolDefinition {
  return {
    name: label.tool,
    ...(label.description && { description: label.description }),
    ...(label.inputSchema && { inputSchema: label.inputSchema }),
    ...(hasHints && label.annotations && { annotations: label.annotations }),
  };
}

/** Consecutive lines of one server are siblings, as for `portcullis classify`. */
function judgeAll(all: readonly Label[]): readonly Judged[] {
  return groups(all).flatMap((group) => {
    const siblings = group.map((label) => toTool(label, false));
    const classify = createClassifier({ server: group[0]?.server ?? "", siblings });
    return group.map((label) => ({
      label,
      hidden: classify(toTool(label, false)),
      shown: classify(toTool(label, true)),
    }));
  });
}

function groups(all: readonly Label[]): readonly (readonly Label[])[] {
  const found: Label[][] = [];
  for (const label of all) {
    const last = found.at(-1);
    if (last?.[0]?.server === label.server) last.push(label);
    else found.push([label]);
  }
  return found;
}

type Hints = "hidden" | "shown";

/** Per source: against the label (strict) and its alternatives (accepted), with and without labels marked as wrong. */
function agreements(all: readonly Judged[], key: Hints) {
  const sources = new Map<string, Judged[]>();
  for (const item of all) {
    const source = item.label.category_source ?? "no category";
    for (const name of [source, ...(source.startsWith("pages:") ? ["pages: all"] : [])])
      sources.set(name, [...(sources.get(name) ?? []), item]);
  }
  return [...sources]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, items]) => {
      const labelled = items.filter(({ label }) => label.category !== null);
      const sound = labelled.filter(({ label }) => !label.label_error);
      const isStrict = (item: Judged): boolean => item.label.category === item[key].category;
      const isGood = (item: Judged): boolean => isAccepted(item, key);
      const changing = items.filter(({ label }) => label.must_not_be_read);
      return {
        source,
        tools: labelled.length,
        errors: labelled.length - sound.length,
        strict: shareOf(labelled, isStrict),
        strictSound: shareOf(sound, isStrict),
        accepted: shareOf(labelled, isGood),
        acceptedSound: shareOf(sound, isGood),
        changingCalledRead: calledRead(changing, key),
        soundCalledRead: calledRead(changing.filter(isSound), key),
      };
    });
}

function isAccepted({ label, ...verdicts }: Judged, key: Hints = "hidden"): boolean {
  const { category } = verdicts[key];
  return (label.category === category && !label.label_error) || label.accept.includes(category);
}

/** Tools that change something and those that only read, as the labels say; and by hints alone. */
function readVersusChange(all: readonly Judged[], key: Hints) {
  const count = (items: readonly Judged[]) => {
    const known = items.filter(
      ({ label }) => label.must_not_be_read || (label.category === "Read" && !label.label_error),
    );
    const changing = items.filter(({ label }) => label.must_not_be_read);
    return {
      tools: known.length,
      right: shareOf(known, (item) => isReadRight(item, key)),
      changingCalledRead: calledRead(changing, key),
      soundCalledRead: calledRead(changing.filter(isSound), key),
    };
  };
  const byHint = all.filter(
    ({ label }) => label.category_source === null || label.category_source.startsWith("annotation"),
  );
  return { all: count(all), byHint: count(byHint) };
}

function calledRead(changing: readonly Judged[], key: Hints) {
  const missed = changing.filter((item) => item[key].category === "Read").length;
  return { missed, of: changing.length, share: changing.length === 0 ? 0 : share(missed, changing.length) };
}

function isSound(item: Judged): boolean {
  return doubtOf(item) === undefined;
}

/** Why a tool that is said to change something may be called Read all the same. */
function doubtOf({ label }: Judged): "label is marked as wrong" | "label accepts Read" | undefined {
  if (label.label_error) return "label is marked as wrong";
  return label.accept.includes("Read") ? "label accepts Read" : undefined;
}

function isReadRight({ label, ...verdicts }: Judged, key: Hints): boolean {
  const { category } = verdicts[key];
  return label.must_not_be_read ? category !== "Read" : label.accept.includes(category);
}

function confusion(all: readonly Judged[]): {
  readonly [label: string]: { readonly [verdict: string]: number };
} {
  const sound = all.filter(({ label }) => label.category !== null && !label.label_error);
  return Object.fromEntries(
    CATEGORIES.map((from) => [
      from,
      Object.fromEntries(
        CATEGORIES.map((to) => [
          to,
          sound.filter(({ label, hidden }) => label.category === from && hidden.category === to).length,
        ]),
      ),
    ]),
  );
}

function dangerous(all: readonly Judged[]) {
  const read = all.filter(({ hidden }) => hidden.category === "Read");
  const name = ({ label }: Judged): string => `${label.server} / ${label.tool}`;
  const isGrave = ({ label }: Judged): boolean =>
    label.category === "Destructive" || label.category === "Financial";
  return {
    graveCalledRead: read.filter((item) => isGrave(item) && !isAccepted(item)).map(name),
    graveCalledReadThoughAccepted: read.filter((item) => isGrave(item) && isAccepted(item)).map(name),
    changingCalledRead: read
      .filter(({ label }) => label.must_not_be_read)
      .map((item) => `${doubtOf(item) ?? "sound"}: ${name(item)}`)
      .sort(),
  };
}

function calibration(all: readonly Judged[]) {
  const sound = all.filter(({ label }) => label.category !== null && !label.label_error);
  return BOUNDS.map((from, index) => {
    const to = BOUNDS[index - 1] ?? Number.POSITIVE_INFINITY;
    const items = sound.filter(({ hidden }) => hidden.confidence >= from && hidden.confidence < to);
    const strict = items.filter(({ label, hidden }) => label.category === hidden.category).length;
    return {
      from,
      tools: items.length,
      strict: share(strict, items.length),
      accepted: share(items.filter((item) => isAccepted(item)).length, items.length),
    };
  });
}

/** Tools per second of processor time, so that a busy machine changes little; the best of eight rounds. */
function speed(all: readonly Label[]): number {
  const tools = all.map((label) => toTool(label, true));
  const classify = createClassifier();
  const rounds = Array.from({ length: 8 }, () => {
    const started = process.cpuUsage();
    for (const tool of tools) classify(tool);
    return process.cpuUsage(started).user;
  });
  return Math.round((tools.length / Math.min(...rounds)) * 1_000_000);
}

function shareOf<T>(items: readonly T[], is: (item: T) => boolean): number {
  return share(items.filter(is).length, items.length);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.round((part / whole) * 10_000) / 10_000;
}

function print(found: typeof report): void {
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
  const counted = ({ missed, of, share: part }: ReturnType<typeof calledRead>): string =>
    of === 0 ? "none" : `${missed} of ${of} (${percent(part)})`;
  console.log(`${found.tools} tools, ${found.toolsPerSecond} tools/s`);
  for (const key of ["hidden", "shown"] as const) {
    const { all } = found.readVersusChange[key];
    console.log(`\nhints ${key}`);
    console.table(
      found.agreement[key].map(
        ({ changingCalledRead, soundCalledRead, source, tools, errors, ...shares }) => ({
          source,
          tools,
          errors,
          ...Object.fromEntries(Object.entries(shares).map(([name, value]) => [name, percent(value)])),
          "changing called Read": counted(changingCalledRead),
          "of these, sound": counted(soundCalledRead),
        }),
      ),
    );
    console.log(`read or change right: ${percent(all.right)} of ${all.tools}`);
    console.log(
      `changing called Read, raw (label says that it changes something): ${counted(all.changingCalledRead)}`,
    );
    console.log(
      `changing called Read, sound (label not marked as wrong, does not accept Read): ${counted(all.soundCalledRead)}`,
    );
  }
  console.table(found.confusion);
  console.table(found.calibration);
  console.log("dangerous", found.dangerous);
  if (values.wrong === true) for (const item of judged) printWrong(item);
}

function printWrong(item: Judged): void {
  const { label, hidden } = item;
  const isMissed = label.must_not_be_read && hidden.category === "Read";
  const isStrict = label.category === null || label.label_error || label.category === hidden.category;
  if (isStrict && !isMissed) return;
  const because = hidden.evidence.map(({ rule, text }) => `${rule} \`${text}\``).join(", ");
  const mark = isMissed ? "READ" : isAccepted(item) ? "ok  " : "no  ";
  console.log(
    `${mark} ${label.category ?? "change"} → ${hidden.category} ${hidden.confidence} ${label.category_source} | ${label.server} | ${label.tool} | ${(label.description ?? "").replace(/\s+/g, " ").slice(0, 120)} | ${because.slice(0, 200)}`,
  );
}
