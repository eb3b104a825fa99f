import { err, ok, type PolicyDocument, type Result } from "@portcullis/policy";
import {
  listVersions,
  type PolicyVersionRow,
  requirePolicy,
  requireServer,
  type ServerRow,
  type State,
} from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import type { ExitCode } from "../../exit-code.ts";
import { withWorkspace } from "../../workspace.ts";
import { lintToolsOf } from "../server/lint-tools.ts";
import { readPolicyFile, refusePolicyFile } from "./read-policy.ts";

/** Two documents to compare. */
export interface Compared {
  readonly before: Side;
  readonly after: Side;
  /** Names of the server's tools, where a server is named whose list was taken. */
  readonly tools?: readonly string[];
}

/** One of them, and where it is from. */
export interface Side {
  readonly document: PolicyDocument;
  readonly source: { readonly file: string } | { readonly version: number };
}

type Work = (compared: Compared) => ExitCode;

/** Finds the two documents that the command line names and hands them to `work`, or says why there are not two. */
export async function withCompared(context: Context, work: Work): Promise<ExitCode> {
  const { args, options } = context;
  const server = options.text("server");
  const name = options.text("name");
  if (server !== undefined && name !== undefined && args.length === 0)
    return withVersions(context, server, name, work);
  const [first, second] = args;
  if (first === undefined || second === undefined || name !== undefined)
    return refuse(context, "name two files, or a published policy with `--server` and `--name`");
  if ((options.text("from") ?? options.text("to")) !== undefined)
    return refuse(
      context,
      "`--from` and `--to` are versions of the policy that `--server` and `--name` name",
    );
  const before = await readSide(context, first);
  if (!before.ok) return before.error;
  const after = await readSide(context, second);
  if (!after.ok) return after.error;
  const pair = { before: before.value, after: after.value };
  if (server === undefined) return work(pair);
  return withServer(context, server, ({ tools }) => work({ ...pair, ...tools }));
}

/** Two versions of a published policy, or one and a file. */
async function withVersions(context: Context, server: string, name: string, work: Work): Promise<ExitCode> {
  const { options } = context;
  const from = options.text("from");
  const to = options.text("to");
  if (from !== undefined && !isVersion(from))
    return refuse(context, `\`--from ${from}\` must be the number of a version`);
  const file = to === undefined || isVersion(to) ? undefined : await readSide(context, to);
  if (file?.ok === false) return file.error;
  return withServer(context, server, ({ state, row, tools }) => {
    const policy = requirePolicy(state, row, name);
    if (!policy.ok) return refuse(context, policy.error);
    const versions = listVersions(state, policy.value.id);
    const newest = policy.value.version;
    const after = file ?? findVersion(versions, name, Number(to ?? newest));
    if (!after.ok) return refuse(context, after.error);
    // Unless told otherwise: what the version changed, or what the file would change.
    const usual = file === undefined ? Number(to ?? newest) - 1 : newest;
    const before = findVersion(versions, name, Number(from ?? usual));
    if (!before.ok) return refuse(context, before.error);
    return work({ before: before.value, after: after.value, ...tools });
  });
}

interface Found {
  readonly state: State;
  readonly row: ServerRow;
  readonly tools: Pick<Compared, "tools">;
}

function withServer(context: Context, name: string, work: (found: Found) => ExitCode): Promise<ExitCode> {
  return withWorkspace(context, { create: false }, ({ state }) => {
    const server = requireServer(state, name);
    if (!server.ok) return refuse(context, server.error);
    const listed = lintToolsOf(state, server.value.id)?.map((tool) => tool.name);
    return work({ state, row: server.value, tools: listed === undefined ? {} : { tools: listed } });
  });
}

/** On failure it has said why, and the error is the exit code. */
async function readSide(context: Context, file: string): Promise<Result<Side, ExitCode>> {
  const read = await readPolicyFile(context, file);
  if (!read.ok) return err(refusePolicyFile(context, file, read.error));
  return ok({ document: read.value.document, source: { file } });
}

function isVersion(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function findVersion(
  versions: readonly PolicyVersionRow[],
  name: string,
  version: number,
): Result<Side, string> {
  const row = versions.find((one) => one.version === version);
  if (row !== undefined) return ok({ document: row.document, source: { version } });
  const [newest] = versions;
  if (newest?.version === 1)
    return err(`\`${name}\` has only version 1; compare it with a file: \`--to policy.json\``);
  return err(`\`${name}\` has no version \`${version}\`; it has 1 to ${newest?.version ?? 0}`);
}
