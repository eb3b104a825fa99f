import { err, ok, type Result } from "@portcullis/policy";
import { type NewServer, parseDurationMs } from "@portcullis/server";
import type { OptionSpec } from "../../command-spec.ts";
import type { Options } from "../../context.ts";

/** What `server add` and `run` may be told of a server, whatever it is. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  { flags: "--header <header>", summary: '"K: V" or "K: env:NAME", sent to --url', isList: true },
  {
    flags: "--env <variable>",
    summary: "NAME=value or NAME=env:OTHER, a variable of the command",
    isList: true,
  },
  { flags: "--cwd <dir>", summary: "folder that the command runs in" },
  {
    flags: "--era <era>",
    summary: "which protocol the server speaks",
    choices: ["auto", "legacy", "modern"],
  },
  {
    flags: "--transport <how>",
    summary: "streamable HTTP, or HTTP+SSE of 2024-11-05",
    choices: ["auto", "http", "sse"],
  },
  { flags: "--deadline <time>", summary: "longest call, such as 55s (default 55s)" },
  {
    flags: "--on-change <what>",
    summary: "calls of a tool whose definition changed",
    choices: ["block", "hold", "allow"],
  },
];

/** Where no configuration says another. */
const DEFAULT_DEADLINE_MS = 55_000;
const MIN_DEADLINE_MS = 1000;
const MAX_DEADLINE_MS = 3_600_000;

/** What these options say besides the target. */
export function parseServerOptions(
  options: Options,
  defaultDeadlineMs = DEFAULT_DEADLINE_MS,
): Result<Pick<NewServer, "era" | "deadlineMs" | "onChange">, string> {
  const deadline = options.text("deadline");
  const deadlineMs = deadline === undefined ? defaultDeadlineMs : parseDurationMs(deadline);
  if (deadlineMs === undefined || deadlineMs < MIN_DEADLINE_MS || deadlineMs > MAX_DEADLINE_MS) {
    return err(`\`--deadline ${deadline}\` must be a time from \`1s\` to \`1h\``);
  }
  return ok({ era: eraOf(options.text("era")), deadlineMs, onChange: onChangeOf(options.text("onChange")) });
}

function eraOf(text: string | undefined): NewServer["era"] {
  return text === "legacy" || text === "modern" ? text : "auto";
}

function onChangeOf(text: string | undefined): NewServer["onChange"] {
  return text === "hold" || text === "allow" ? text : "block";
}
