import { createWriteStream, openSync } from "node:fs";
import { basename } from "node:path";
import { PassThrough, Readable, type Writable } from "node:stream";
import { err, ok, type Result } from "@portcullis/policy";
import { type RunOptions, resolveConfig, runStdio } from "@portcullis/server";
import { type Context, refuse } from "../context.ts";
import { resolvePath } from "../data-folder.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { toWritable } from "../io.ts";
import { reasonOf } from "../read-input.ts";
import { readPolicyFile, refusePolicyFile } from "./policy/read-policy.ts";
import { parseServerOptions } from "./server/server-options.ts";
import { parseTarget, targetWords } from "./server/target.ts";

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** `run -c POLICY -- command`: standard input and output speak MCP, so everything else goes to standard error. */
export async function run(context: Context): Promise<ExitCode> {
  const { io, options } = context;
  const target = parseTarget(targetWords(context), io);
  if (!target.ok) return refuse(context, target.error);
  const settings = parseServerOptions(options);
  if (!settings.ok) return refuse(context, settings.error);
  const path = options.text("policy") ?? "";
  const file = await readPolicyFile(context, path);
  if (!file.ok) return refusePolicyFile(context, path, file.error);
  const rows = openRows(context, options.text("log"));
  if (!rows.ok) return refuse(context, rows.error);
  const data = await keptFolder(context);
  if (!data.ok) return refuse(context, data.error);
  const client = openClient(context);
  const ended = await runStdio({
    policy: file.value.document,
    policyName: basename(path),
    target: target.value,
    ...settings.value,
    data: data.value,
    maxBodyBytes: MAX_BODY_BYTES,
    logLevel: "warn",
    input: client.input,
    output: toWritable(io.stdout),
    rows: rows.value,
    log: toWritable(io.stderr),
  });
  client.close();
  return ended.ok ? EXIT.ok : refuse(context, ended.error);
}

/** Without a named data folder nothing is kept: one line in a client's configuration must not fill a disk. */
async function keptFolder({ options, io, dataDir }: Context): Promise<Result<RunOptions["data"], string>> {
  const isNamed = options.text("data") !== undefined || (io.env["PORTCULLIS_DATA"] ?? "") !== "";
  if (!isNamed) return ok(undefined);
  // The folder may be that of a gateway: its log is kept as long as that one would keep it.
  const resolved = await resolveConfig({ flags: {}, env: io.env, dataDir });
  if (!resolved.ok) return err(resolved.error.join("; "));
  return ok({ path: dataDir, auditRetentionDays: resolved.value.config.auditRetentionDays });
}

function openRows(context: Context, path: string | undefined): Result<Writable, string> {
  if (path === undefined) return ok(toWritable(context.io.stderr));
  const file = resolvePath(context.io, path);
  try {
    return ok(createWriteStream(file, { fd: openSync(file, "a", 0o600) }));
  } catch (cause) {
    return err(`\`--log ${path}\` cannot be written: ${reasonOf(cause)}`);
  }
}

/** The client's messages; a signal ends them as if the client had closed its side. */
function openClient({ io }: Context): { readonly input: Readable; close(): void } {
  const source = io.stdin instanceof Readable ? io.stdin : Readable.from(io.stdin);
  const input = new PassThrough();
  source.on("error", () => input.end());
  source.pipe(input);
  io.stopSignal().addEventListener("abort", () => input.end(), { once: true });
  return { input, close: () => void source.destroy() };
}
