import { compilePolicy, err, ok, type Result } from "@portcullis/policy";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { parseInstantMs } from "../../instant.ts";
import { toJsonText } from "../../printable.ts";
import { readInput } from "../../read-input.ts";
import { decideCalls, type Verdict } from "./decide-calls.ts";
import { type GivenCalls, parseCalls } from "./read-calls.ts";
import { printPolicyErrors, readPolicyFile } from "./read-policy.ts";

/** `policy eval`: `{effect, rule, message}`, or an array of them for an array. */
export async function policyEval(context: Context): Promise<ExitCode> {
  const judged = await judgeFiles(context);
  if (!judged.ok) return judged.error;
  const decisions = judged.value.verdicts.map(({ effect, rule, message }) => ({ effect, rule, message }));
  const answer = judged.value.given.isArray ? decisions : decisions[0];
  if (context.json) context.out.json(answer);
  else context.out.line(toJsonText(answer));
  return EXIT.ok;
}

export interface Judged {
  readonly given: GivenCalls;
  readonly verdicts: readonly Verdict[];
}

/** Reads `--policy`, `--call` and `--at` and decides; on failure it has said why, and the error is the exit code. */
export async function judgeFiles(context: Context): Promise<Result<Judged, ExitCode>> {
  const at = context.options.text("at");
  const atMs = at === undefined ? context.io.nowMs() : parseInstantMs(at);
  if (atMs === undefined)
    return err(refuse(context, `\`--at ${at}\` must be an ISO time such as \`2026-01-01T09:00:00Z\``));
  const policyPath = context.options.text("policy") ?? "";
  const file = await readPolicyFile(context, policyPath);
  if (!file.ok) {
    return err(
      file.error.kind === "file"
        ? refuse(context, file.error.message)
        : printPolicyErrors(context, file.error.errors),
    );
  }
  const callPath = context.options.text("call") ?? "";
  const bytes = await readInput(context, callPath);
  if (!bytes.ok) return err(refuse(context, bytes.error));
  const given = parseCalls(bytes.value);
  if (!given.ok) return err(refuse(context, `\`${callPath}\`: ${given.error}`));
  for (const warning of given.value.warnings) context.out.warn(warning);
  return ok({
    given: given.value,
    verdicts: decideCalls(compilePolicy(file.value.document), given.value.calls, atMs),
  });
}
