import { MAX_AMOUNT } from "./limit.ts";
import { parsePath } from "./path.ts";
import { below, type Place, type Report } from "./schema-report.ts";
import { BOOLEAN, isScalarOf, number, oneOf, text, word } from "./schema-scalar.ts";
import { type Members, record, reportConflict, type Shape } from "./schema-shape.ts";

const MAX_DECIMALS = 6;
const WINDOW_NAMES = ["minute", "hour", "day", "week", "month"];
const MAX_WINDOW_SECONDS = 31_536_000;
/** Longest window that a sliding limit may have (L3). */
const WEEK_SECONDS = 604_800;

const MAX = number({ min: 0, max: MAX_AMOUNT, maxDecimals: MAX_DECIMALS });

const WINDOW = oneOf("a window: a word or a number of seconds", {
  string: word(WINDOW_NAMES),
  number: number({ min: 1, max: MAX_WINDOW_SECONDS, integer: true }),
});

const COUNTER = text({
  rule: (counter, name) =>
    /^[A-Za-z0-9_.:/-]{1,160}$/.test(counter)
      ? undefined
      : { code: "invalid_value", message: `${name} must be 1 to 160 of \`A-Z a-z 0-9 _ . : / -\`` },
  jsonSchema: { pattern: "^[A-Za-z0-9_.:/\\-]{1,160}$" },
});

/** L2: an `args` path with at least one step and no `[*]`. */
const AMOUNT_PATH = text({
  rule: (path, name) => {
    const parsed = parsePath(path);
    if (!parsed.ok) return { code: "invalid_path", message: parsed.error };
    const { root, steps } = parsed.value;
    if (root === "args" && steps.length > 0 && steps.every((step) => step.kind !== "every")) return undefined;
    return { code: "invalid_path", message: `${name} must name one argument, such as \`args.amount\`` };
  },
  jsonSchema: { pattern: "^args[.\\[]" },
});

/** One limit (section 5). */
export const LIMIT: Shape = record(
  {
    counter: {
      shape: COUNTER,
      description: "Name of the counter; limits that name the same one share it (L4).",
      required: true,
    },
    window: {
      shape: WINDOW,
      description: "`minute` to `month`, or seconds; aligned to UTC (L1).",
      required: true,
    },
    max: {
      shape: MAX,
      description: "Most that one window admits; 0 denies every call (L1).",
      required: true,
    },
    scope: {
      shape: word(["grant", "session", "server", "organisation"]),
      description: "Who shares the counter; default `grant` (L1).",
    },
    increment: {
      shape: number({ min: 0, aboveMin: true, max: MAX_AMOUNT, maxDecimals: MAX_DECIMALS }),
      description: "What each call takes; default 1 (L2).",
    },
    increment_from: { shape: AMOUNT_PATH, description: "Argument that says what the call takes (L2)." },
    algorithm: { shape: word(["fixed", "sliding"]), description: "Default `fixed` (L3)." },
    refund_on_error: {
      shape: BOOLEAN,
      description: "Give back when the tool reports an error; default false (L6).",
    },
  },
  {
    judgeWhole: judgeLimit,
    jsonSchema: { not: { required: ["increment", "increment_from"] } },
  },
);

/** The shorthand for one limit per grant (section 3). */
export const RATE_LIMIT: Shape = record({
  max: { shape: MAX, description: "Most calls in one window (L1).", required: true },
  window: { shape: WINDOW, description: "`minute` to `month`, or seconds (L1).", required: true },
});

function judgeLimit(members: Members, place: Place, report: Report): void {
  const from = members.get("increment_from");
  if (from !== undefined && members.has("increment")) reportConflict(from, "`increment`", place, report);
  const algorithm = members.get("algorithm")?.node;
  const window = members.get("window")?.node;
  if (algorithm?.kind !== "scalar" || algorithm.value !== "sliding" || window === undefined) return;
  const isTooLong = isScalarOf(window, "number")
    ? window.value > WEEK_SECONDS
    : isScalarOf(window, "string") && window.value === "month";
  if (isTooLong)
    report.add(
      below(place, "window"),
      window.at,
      "invalid_value",
      "a sliding window is at most a `week` (604800)",
    );
}
