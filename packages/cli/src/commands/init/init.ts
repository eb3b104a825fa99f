import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { type Mode, readRunning, resolveConfig } from "@portcullis/server";
import { askYes, isInteractive } from "../../ask.ts";
import { CLIENTS, unknownClient } from "../../clients/all-clients.ts";
import { type ClientFile, discoverFiles } from "../../clients/discover.ts";
import { type EndedEntry, endedEntries } from "../../clients/ended-entries.ts";
import { maskTarget } from "../../clients/hide-secrets.ts";
import { type KnownServer, knownServers } from "../../clients/known-servers.ts";
import { lookAt, lookAtEach } from "../../clients/look.ts";
import { createLookAlikes } from "../../clients/look-alikes.ts";
import { placesOf } from "../../clients/places.ts";
import { type Context, refuse } from "../../context.ts";
import { counted } from "../../counted.ts";
import { selfCommand } from "../../data-folder.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";
import { gatewayUrls, withWorkspace } from "../../workspace.ts";
import { parseLifetime } from "../grant/parse-lifetime.ts";
import { type Applied, applyPlan } from "./apply.ts";
import { type Candidate, toCandidates } from "./candidate.ts";
import { makePlan, type Plan, type PlanInput } from "./plan.ts";
import { toInitReport } from "./report.ts";
import { showPlan, totalsOf } from "./show-plan.ts";

/** `init`: puts the servers of all clients behind the gateway. `restore` undoes it. */
export async function init(context: Context): Promise<ExitCode> {
  const settings = await readSettings(context);
  if (typeof settings === "string") return refuse(context, settings);
  const files = findFiles(context);
  const listed = await listKnown(context);
  if (!listed.ok) return listed.error;
  const { known, ended } = listed.value;
  const candidates = toCandidates(files, known, createLookAlikes());
  // Before anything is started: what is warned of here is a program.
  for (const { name, findings } of candidates)
    for (const { message } of findings) context.out.warn(`${name}: ${message}`);
  const wanted = await chooseStarts(context, candidates);
  const looks = await lookAtAll(context, wanted);
  const urlOf = await gatewayUrls(context);
  const plan = makePlan({
    files,
    looks,
    urlOf: ({ known: row }) => urlOf(row?.id ?? "srv_…"),
    ended,
    dataDir: context.dataDir,
  });
  if (!context.json) showPlan(context, plan);
  if (plan.files.length === 0) return finishEmpty(context, files, plan);
  if (context.options.flag("dryRun")) {
    if (context.json) context.out.json(toInitReport(files, plan, undefined));
    else context.out.note(`Nothing was changed: --dry-run. ${totalsOf(plan)}`);
    return EXIT.ok;
  }
  if (!context.json) context.out.note(totalsOf(plan));
  const question = `Rewrite ${counted(plan.files.length, "file")}?`;
  if (!context.options.flag("yes") && !(await askYes(context.io, question))) {
    context.out.note("Nothing was changed.");
    return EXIT.ok;
  }
  return carryOut(context, files, plan, settings);
}

interface Settings {
  readonly mode: Mode;
  readonly lifetimeMs: number;
  readonly deadlineMs: number;
}

/** The error is a text. */
async function readSettings({ options, io, dataDir, json }: Context): Promise<Settings | string> {
  const isDecided = options.flag("yes") || options.flag("dryRun");
  if (!isDecided && (json || !isInteractive(io))) {
    return "nobody can be asked here: say `--yes` to rewrite the files, or `--dry-run` to see what would change";
  }
  const unknown = unknownClient(options.text("client"));
  if (unknown !== undefined) return unknown;
  const lifetimeMs = parseLifetime(options.text("expires"));
  if (!lifetimeMs.ok) return lifetimeMs.error;
  const configured = await resolveConfig({ flags: {}, env: io.env, dataDir });
  if (!configured.ok) return configured.error.join("; ");
  const mode = options.text("mode") === "shadow" ? "shadow" : "enforce";
  return { mode, lifetimeMs: lifetimeMs.value, deadlineMs: configured.value.config.deadlineMs };
}

function findFiles(context: Context): readonly ClientFile[] {
  const wanted = context.options.text("client");
  const kinds = CLIENTS.filter(({ id }) => wanted === undefined || id === wanted);
  return discoverFiles(kinds, placesOf(context.io), context.io);
}

interface Known {
  readonly known: readonly KnownServer[];
  readonly ended: readonly EndedEntry[];
}

/** Looking must not make a data folder. The error has been told. */
async function listKnown(context: Context): Promise<Result<Known, ExitCode>> {
  let found: Known = { known: [], ended: [] };
  if (!existsSync(join(context.dataDir, "state.db"))) return ok(found);
  const code = await withWorkspace(context, { create: false }, ({ folder, state }) => {
    found = {
      known: knownServers(folder, state),
      ended: endedEntries(folder, state, context.io.nowMs()),
    };
    return EXIT.ok;
  });
  return code === EXIT.ok ? ok(found) : err(code);
}

/**
 * What the user's own clients start is started without a word. What lies in the working folder may be a stranger's:
 * it needs a yes (threat 98).
 */
async function chooseStarts(
  { io, out, options }: Context,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (options.flag("yes")) return candidates;
  const isOwn = ({ entries }: Candidate): boolean => entries.some(({ file }) => file.place.scope === "user");
  const foreign = candidates.filter((candidate) => !isOwn(candidate));
  if (foreign.length === 0) return candidates;
  const words = foreign.map(({ name, target }) => `  ${name}: ${toPrintable(maskTarget(target))}`);
  out.note(`The files of this folder name ${counted(foreign.length, "server")} that your own do not:`);
  for (const line of words) out.note(line);
  if (isInteractive(io) && (await askYes(io, "Start them to list their tools?"))) return candidates;
  out.note("They are not started, and stay as they are.");
  return candidates.filter(isOwn);
}

function lookAtAll(context: Context, candidates: readonly Candidate[]): Promise<PlanInput["looks"]> {
  return lookAtEach(
    context.io,
    candidates,
    ({ name }) => name,
    async (each) => [each, await lookAt(each.name, each.target)] as const,
  );
}

function finishEmpty(context: Context, files: readonly ClientFile[], plan: Plan): ExitCode {
  const applied = context.options.flag("dryRun") ? undefined : [];
  if (context.json) context.out.json(toInitReport(files, plan, applied));
  else {
    const governed = files.flatMap(({ entries }) => entries).filter(({ state }) => state.kind === "governed");
    const text =
      governed.length > 0
        ? `${counted(governed.length, "server")} of your clients already ${governed.length === 1 ? "goes" : "go"} through the gateway.`
        : "No client has a server that could go through the gateway.";
    context.out.line(`${text} Nothing was changed.`);
  }
  return EXIT.ok;
}

async function carryOut(
  context: Context,
  files: readonly ClientFile[],
  plan: Plan,
  settings: Settings,
): Promise<ExitCode> {
  const urlOf = await gatewayUrls(context);
  return withWorkspace(context, { create: true }, (workspace) => {
    const { dataDir, io } = context;
    const applied = applyPlan(plan, workspace, { ...settings, nowMs: io.nowMs(), dataDir, urlOf });
    if (!applied.ok) {
      context.out.error(applied.error.message);
      return applied.error.isPartial ? EXIT.checkFailed : EXIT.refused;
    }
    if (context.json) context.out.json(toInitReport(files, plan, applied.value));
    else showApplied(context, applied.value);
    return applied.value.some(({ problem }) => problem !== undefined) ? EXIT.checkFailed : EXIT.ok;
  });
}

function showApplied(context: Context, applied: readonly Applied[]): void {
  const { out, io, dataDir } = context;
  for (const { file, problem, backup, warnings } of applied) {
    const path = toPrintable(file.file.place.path);
    if (problem === undefined)
      out.line(`Rewrote ${path} (a copy is in ${toPrintable(basename(backup ?? ""))})`);
    else out.error(`${path}: ${problem}`);
    for (const warning of warnings) out.warn(`${path}: ${warning}`);
  }
  out.note(
    "The copies lie beside the files and hold what those held, secrets too; delete them once you need no way back.",
  );
  const self = selfCommand(io);
  if (readRunning(dataDir) === undefined) {
    out.note(`Start the gateway with \`${self} serve\`, then restart your clients.`);
  } else out.note("The gateway is running: restart your clients.");
  out.note(`\`${self} restore\` undoes this.`);
}
