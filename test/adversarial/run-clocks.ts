/** Sets a gateway's clock and looks what it lets through. */

import type { ClockWorld } from "./clock-world.ts";
import type { ClockCase } from "./clocks.ts";
import { openPlace, type Place, say } from "./conversation.ts";
import { checkAlways, Trail } from "./trail.ts";

/** Grants last longer than any clock here. */
const FOR_EVER_MS = 8_000_000_000_000_000;

/** Tries every case; failures are lines. */
export async function runClocks(
  cases: readonly ClockCase[],
  world: ClockWorld,
): Promise<{ readonly cells: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  let cells = 0;
  for (const { name, policy, steps } of cases) {
    await world.setClock(null);
    const place = await openPlace(world, "modern", policy, () => undefined);
    world.rig.state.db.run("UPDATE grant_ SET expires_at = ?", FOR_EVER_MS);
    await say(world, place.one, { method: "tools/list", params: '"x":1' });
    for (const [at, step] of steps.entries()) {
      cells += 1;
      const problems = await tryStep(step, place, world).catch((error: unknown) => [String(error)]);
      failures.push(...problems.map((problem) => `${name}, step ${at + 1}: ${problem}`));
    }
  }
  await world.setClock(null);
  const verified = world.ledger.verify();
  return {
    cells,
    failures: verified.ok ? failures : [...failures, `the log does not verify: ${verified.reason}`],
  };
}

async function tryStep(
  { wallMs, isRestarted, calls, allowed }: ClockCase["steps"][number],
  place: Place,
  world: ClockWorld,
): Promise<readonly string[]> {
  await world.setClock(wallMs);
  if (isRestarted) await world.restart();
  const trail = new Trail(world, place);
  const answers = [];
  for (let call = 0; call < calls; call += 1) answers.push(await say(world, place.one, {}));
  const rows = trail.rows();
  const texts = answers.map(({ body }) => body.toString("utf8"));
  const passed = texts.filter((text) => !text.includes("[POLICY DENIED]")).length;
  const ran = trail.calls();
  return [
    ...(passed === allowed && ran === allowed ? [] : [`${passed} allowed, ${ran} ran`]),
    ...(rows.length === calls ? [] : [`${rows.length} rows for ${calls} calls`]),
    ...answers.flatMap((answered) => checkAlways(world, answered, rows, "modern")),
    ...texts.flatMap(oddWait),
  ];
}

/** Who is told to wait is told for how long: a counter stays where time was ahead, so that may be long. */
function oddWait(text: string): readonly string[] {
  const wait = /retry in (\S+) s/.exec(text)?.[1];
  return wait === undefined || Number(wait) > 0 ? [] : [`an agent is told to wait ${wait} s`];
}
