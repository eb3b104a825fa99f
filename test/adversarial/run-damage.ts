/** Damages what governs, looks what becomes of calls, and repairs it. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findGrant, findServer, requirePolicy } from "@portcullis/server";
import { EXIT } from "../../packages/cli/src/exit-code.ts";
import { runInProcess } from "../../packages/cli/test/fake-io.ts";
import { unwrap } from "../e2e/harness.ts";
import type { World } from "./cells.ts";
import { openPlace, type Place, read, say } from "./conversation.ts";
import type { BrokenFile, Damage } from "./damage.ts";
import type { RawAnswer } from "./raw-client.ts";
import { toBytes } from "./template.ts";
import { checkAlways, Trail } from "./trail.ts";

/** What governs before. */
const BEFORE = { version: "1", default: "deny", tools: { any: {} } };
const LIST = { method: "tools/list", params: '"x":1' };

interface Run {
  readonly cells: number;
  readonly failures: readonly string[];
}

/** Tries every damage, each on a server of its own; failures are lines. */
export async function runDamage(cases: readonly Damage[], world: World): Promise<Run> {
  const failures: string[] = [];
  const onlooker = await openPlace(world, "modern", BEFORE, () => undefined);
  for (const damage of cases) {
    const attempt = () => tryDamage(damage, world, onlooker);
    const tried = await world.process
      .notHeldUp(damage.document?.length ?? 0, attempt)
      .catch((error: unknown) => ({
        value: [],
        problems: [String(error)],
      }));
    failures.push(...[...tried.value, ...tried.problems].map((problem) => `${damage.name}: ${problem}`));
  }
  return { cells: cases.length, failures };
}

async function tryDamage(damage: Damage, world: World, onlooker: Place): Promise<readonly string[]> {
  const { state } = world.rig;
  const place = await openPlace(world, "modern", BEFORE, () => undefined);
  const problems = [...(await checkCalls("kept", world, place)).map((problem) => `before: ${problem}`)];
  try {
    if (damage.change !== undefined)
      state.db.exec(toBytes(damage.change, idsOf(world, place)).toString("utf8"));
    if (damage.document !== undefined)
      putVersion(world, place, toBytes(damage.document, {}).toString("utf8"));
    problems.push(...(await checkCalls(damage.expect, world, place)));
  } finally {
    if (damage.undo !== undefined) state.db.exec(damage.undo);
    // Who reads its row may stumble over it.
    state.db.run("DELETE FROM server WHERE name = ?", place.name);
  }
  const after = await say(world, onlooker.one, {});
  return [...problems, ...(after.status === 200 ? [] : [`afterwards others get HTTP ${after.status}`])];
}

/** As literals of SQL. */
function idsOf({ rig }: World, { name, labels }: Place): { readonly [id: string]: string } {
  const server = findServer(rig.state, name);
  const policy = server === undefined ? undefined : unwrap(requirePolicy(rig.state, server, "test"));
  const grant = findGrant(rig.state, labels.one);
  return { server: `'${server?.id}'`, policy: `'${policy?.id}'`, grant: `'${grant?.id}'` };
}

function putVersion(world: World, place: Place, document: string): void {
  const policy = idsOf(world, place)["policy"]?.slice(1, -1) ?? "";
  world.rig.state.db.run(
    "INSERT INTO policy_version (policy, version, document, source, author, note, created_at) VALUES (?, 2, ?, '', 'x', '', 0)",
    policy,
    document,
  );
}

/** What becomes of an allowed call, of a denied one, and of the list. */
async function checkCalls(expect: Damage["expect"], world: World, place: Place): Promise<readonly string[]> {
  const { one } = place;
  const trail = new Trail(world, place);
  const allowed = await say(world, one, {});
  const denied = await say(world, one, { tool: "delete" });
  const listed = await say(world, one, LIST);
  const rows = trail.rows();
  const calls = trail.calls();
  const isKnown = typeof expect === "string" || "denied" in expect;
  const wanted = wantedOf(expect);
  const found = [...rows.map(({ effect, rule }) => `${effect} ${rule}`), namesIn(listed)];
  return [
    ...(calls === (expect === "kept" ? 1 : 0) ? [] : [`${calls} calls reached the server`]),
    ...(JSON.stringify(found) === JSON.stringify(wanted) ? [] : [`found ${JSON.stringify(found)}`]),
    ...(isKnown || [allowed, denied, listed].every(({ status }) => status === expect.http)
      ? []
      : [`HTTP ${allowed.status}, ${denied.status}, ${listed.status}`]),
    ...[allowed, denied, listed].flatMap((answered) => [
      ...(answered.status === 0 ? ["a connection was cut"] : []),
      ...checkAlways(world, answered, rows, one.era),
    ]),
  ];
}

/** The verdicts on record, and the names of the tools that are shown. */
function wantedOf(expect: Damage["expect"]): readonly (string | readonly string[] | undefined)[] {
  if (expect === "kept") return ["allow ", "deny (default deny)", "allow ", ["any"]];
  if (expect === "unreachable") return [...Array<string>(3).fill("deny (list-unavailable)"), undefined];
  if (expect === "unlisted") return ["deny (unknown tool)", "deny (unknown tool)", "allow ", []];
  if ("http" in expect) return [undefined];
  const isAny = expect.denied === "(tool changed)";
  return [`deny ${expect.denied}`, `deny ${isAny ? "(default deny)" : expect.denied}`, "allow ", []];
}

function namesIn(listed: RawAnswer): readonly string[] | undefined {
  const tools = listed.status === 200 ? read(listed).result?.["tools"] : undefined;
  return (tools as readonly { readonly name: string }[] | undefined)?.map(({ name }) => name);
}

/** Hands every file to `run` in front of a server; none lets it start, and the server hears nothing. */
export async function runBrokenFiles(files: readonly BrokenFile[], world: World): Promise<Run> {
  const failures: string[] = [];
  const url = `http://127.0.0.1:${world.upstream.port}/modern/broken-files`;
  const heard = () => world.upstream.seen.filter(({ path }) => path === "/modern/broken-files").length;
  for (const { id, name, text } of files) {
    const before = heard();
    const cwd = mkdtempSync(join(world.folder, "file-"));
    if (text !== undefined) writeFileSync(join(cwd, name), text);
    const { code, stdout, stderr } = await runInProcess(["run", "-c", name, "--url", url], { cwd });
    if (code !== EXIT.refused || stdout !== "")
      failures.push(`${id}: run ended with ${code} and said ${stdout}`);
    if (!/^error: .+\n$/.test(stderr))
      failures.push(`${id}: run says ${JSON.stringify(stderr.slice(0, 200))}`);
    if (heard() > before) failures.push(`${id}: the server was asked`);
  }
  return { cells: files.length, failures };
}
