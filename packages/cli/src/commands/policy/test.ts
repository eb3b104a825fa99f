import { existsSync } from "node:fs";
import {
  compilePolicy,
  err,
  ok,
  type PolicyTestResult,
  parsePolicyTests,
  type Result,
  runPolicyTests,
} from "@portcullis/policy";
import { type Context, refuse } from "../../context.ts";
import { resolvePath } from "../../data-folder.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { readInput } from "../../read-input.ts";
import { formatOf, readPolicyFile, refusePolicyFile, toPlace } from "./read-policy.ts";

/** One test with the file of the policy that it was run against. */
interface FileResult extends PolicyTestResult {
  readonly policy: string;
}

const TEST_ENDINGS = [".test.json", ".test.jsonc", ".test.yaml", ".test.yml"];

/**
 * `policy test FILE…`: runs `<policy>.test.json|yaml` beside each policy (policy-spec A3); prints
 * `{"ok","passed","failed","results":[…]}`, exit code 1 when a test fails. Files of tests among several are skipped,
 * so that `policies/*` works.
 */
export async function policyTest(context: Context): Promise<ExitCode> {
  const files = context.args.length === 1 ? context.args : context.args.filter((path) => !isTestFile(path));
  const results: FileResult[] = [];
  for (const path of files) {
    const ran = await runFile(context, path);
    if (!ran.ok) return ran.error;
    results.push(...ran.value);
  }
  const failed = results.filter((result) => !result.ok).length;
  const passed = results.length - failed;
  if (context.json) context.out.json({ ok: failed === 0, passed, failed, results });
  else print(context, results, passed, failed);
  return failed === 0 ? EXIT.ok : EXIT.checkFailed;
}

/** On failure it has said why, and the error is the exit code. */
async function runFile(context: Context, path: string): Promise<Result<readonly FileResult[], ExitCode>> {
  const policy = await readPolicyFile(context, path);
  if (!policy.ok) return err(refusePolicyFile(context, path, policy.error));
  const stem = path.replace(/\.(json|jsonc|yaml|yml)$/i, "");
  const names = TEST_ENDINGS.map((ending) => `${stem}${ending}`);
  const found = names.filter((name) => existsSync(resolvePath(context.io, name)));
  const testPath = found[0];
  if (testPath === undefined)
    return err(
      refuse(context, `\`${path}\` has no tests: write them into \`${stem}.test.json\` or \`.yaml\``),
    );
  if (found.length > 1)
    return err(
      refuse(context, `${found.map((name) => `\`${name}\``).join(" and ")} are both there: keep one of them`),
    );
  const bytes = await readInput(context, testPath);
  if (!bytes.ok) return err(refuse(context, bytes.error));
  const tests = parsePolicyTests(bytes.value, { format: formatOf(testPath, bytes.value) });
  if (!tests.ok) {
    const [first] = tests.error;
    return err(
      refuse(context, first === undefined ? testPath : `${toPlace(testPath, first)}: ${first.message}`),
    );
  }
  const results = runPolicyTests(compilePolicy(policy.value.document), tests.value, context.io.nowMs());
  return ok(results.map((result) => ({ policy: path, ...result })));
}

function isTestFile(path: string): boolean {
  return TEST_ENDINGS.some((ending) => path.toLowerCase().endsWith(ending));
}

function print({ out }: Context, results: readonly FileResult[], passed: number, failed: number): void {
  for (const { policy, name, ok: isOk, expected, actual } of results) {
    out.line(
      `${isOk ? out.style("green", "ok  ") : out.style("red", "FAIL")}  ${toPrintable(`${policy}  ${name}`)}`,
    );
    if (isOk) continue;
    const wanted =
      expected.rule === undefined ? expected.effect : `${expected.effect} ${expected.rule || "(no rule)"}`;
    out.line(toPrintable(`      expected  ${wanted}`));
    out.line(
      toPrintable(`      got       ${actual.effect} ${actual.rule || "(no rule)"}  ${actual.message}`),
    );
  }
  out.line(`${passed} passed, ${failed} failed`);
}
