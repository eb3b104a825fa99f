/**
 * What a stranger learns of tokens and servers (threat 55): the same bytes in the same time, whether a token is unknown,
 * was revoked, ran out or was exchanged, and whether a server is another's or none at all.
 */
import { createGrant, revokeGrant, rotateGrant } from "@portcullis/server";
import { makeToken } from "../../packages/server/src/storage/token.ts";
import { unwrap } from "../e2e/harness.ts";
import type { World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import { openPlace, type Place } from "./conversation.ts";
import type { Case } from "./corpus.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";

/** A way to be a stranger: the token, and the server's path. */
interface Stranger {
  readonly name: string;
  readonly token: string;
  readonly path: string;
}

const ALLOW = { version: "1", default: "allow" };
const HOUR_MS = 3_600_000;

/** Strangers who must not be told apart, in two classes: those without a grant, and those with one for elsewhere. */
function strangersOf(world: World, place: Place, other: Place): readonly (readonly Stranger[])[] {
  const { state, folder } = world.rig;
  const mint = (label: string, expiresAtMs: number): string => {
    const grant = {
      label: `${place.name}-${label}`,
      server: place.name,
      policy: "test",
      mode: "enforce" as const,
    };
    return unwrap(createGrant(state, folder.keys, { ...grant, expiresAtMs }, Date.now())).token;
  };
  const { path } = place.one;
  const revoked = mint("revoked", Date.now() + HOUR_MS);
  unwrap(revokeGrant(state, `${place.name}-revoked`, Date.now()));
  const rotated = mint("rotated", Date.now() + HOUR_MS);
  unwrap(rotateGrant(state, folder.keys, `${place.name}-rotated`));
  const known = mint("known", Date.now() + HOUR_MS);
  const nowhere = path.replace(/srv_[^/]+/, "srv_0000000000000000");
  return [
    [
      { name: "unknown", token: makeToken("g"), path },
      { name: "revoked", token: revoked, path },
      { name: "expired", token: mint("expired", Date.now() - 1), path },
      { name: "rotated", token: rotated, path },
      { name: "no token", token: "pcl_g_0", path },
      { name: "unknown, and so is the server", token: makeToken("g"), path: nowhere },
    ],
    [
      { name: "another's server", token: known, path: other.one.path },
      { name: "no server", token: known, path: nowhere },
    ],
  ];
}

const VERBS: { readonly [verb: string]: Partial<Case> } = {
  POST: {},
  GET: { start: "GET {{path}} HTTP/1.1", body: "", framing: "none" },
  DELETE: { start: "DELETE {{path}} HTTP/1.1", body: "", framing: "none" },
};

export interface StrangersRun {
  readonly cells: number;
  readonly failures: readonly string[];
}

/** Compares what strangers are told; failures are lines. */
export async function compareAnswers(world: World): Promise<StrangersRun> {
  const failures: string[] = [];
  let cells = 0;
  for (const kind of ["modern", "session", "stateless"] as const) {
    const [place, other] = [
      await openPlace(world, kind, ALLOW, () => undefined),
      await openPlace(world, kind, ALLOW, () => undefined),
    ];
    const since = world.ledger.newest();
    const heard = callsIn(world);
    for (const strangers of strangersOf(world, place, other)) {
      for (const [verb, more] of Object.entries(VERBS)) {
        const told = await Promise.all(strangers.map((stranger) => tell(stranger, place.one, more, world)));
        cells += told.length;
        const [first = ""] = told;
        for (const [at, text] of told.entries())
          if (text !== first)
            failures.push(`${verb} (${kind}), ${strangers[at]?.name}: ${text} instead of ${first}`);
        if (!/^HTTP\/1\.1 40[14] /.test(first)) failures.push(`${verb} (${kind}): ${first}`);
      }
    }
    if (world.ledger.after(since).length > 0) failures.push(`${kind}: a stranger has a row`);
    if (callsIn(world) !== heard) failures.push(`${kind}: the server heard a stranger`);
  }
  return { cells, failures };
}

function callsIn({ upstream }: World): number {
  return upstream.seen.filter(({ message }) => message?.["method"] === "tools/call").length;
}

/** All that is said but the time. */
async function tell(
  { token, path }: Stranger,
  target: Target,
  more: Partial<Case>,
  world: World,
): Promise<string> {
  const answered = await ask({ token, path }, target, more, world);
  return answered.wire.toString("latin1").replace(/^Date: .*\r\n/im, "");
}

function ask(
  { token, path }: Pick<Stranger, "token" | "path">,
  target: Target,
  more: Partial<Case>,
  { rig }: World,
): Promise<RawAnswer> {
  const written: Case = {
    family: "strangers",
    id: "ask",
    name: "ask",
    threats: [55],
    expect: { http: 401 },
    ...more,
  };
  return sendRaw(rig.gateway.url, compose(written, { ...target, token, path, session: undefined }).wire);
}

/** Beyond this two samples are told apart (Welch's t-test). */
const MAX_T = 4.5;
/** What the machine does in between is not the gateway's: the slowest of all samples say nothing. */
const KEPT = 0.9;
/** What differs, differs again. */
const TRIES = 3;

/** Times so many answers to each kind of stranger, one kind after the other; failures are lines. */
export async function compareTimes(samples: number, world: World): Promise<StrangersRun> {
  const [place, other] = [
    await openPlace(world, "modern", ALLOW, () => undefined),
    await openPlace(world, "modern", ALLOW, () => undefined),
  ];
  const failures: string[] = [];
  let cells = 0;
  for (const strangers of strangersOf(world, place, other)) {
    // A text that is no token is told apart by whoever knows what one looks like.
    const alike = strangers.filter(({ name }) => name !== "no token");
    let differences: readonly string[] = [];
    for (let tries = 0; tries < TRIES; tries += 1) {
      const times = await time(alike, samples, place.one, world);
      cells += alike.length * samples;
      differences = differ(alike, times);
      if (differences.length === 0) break;
    }
    failures.push(...differences);
  }
  return { cells, failures };
}

/** Milliseconds of each answer, by the stranger. */
async function time(
  strangers: readonly Stranger[],
  samples: number,
  target: Target,
  world: World,
): Promise<readonly (readonly number[])[]> {
  const times: number[][] = strangers.map(() => []);
  for (let sample = 0; sample < samples; sample += 1) {
    for (let turn = 0; turn < strangers.length; turn += 1) {
      // Nobody is always asked behind the same one.
      const at = (sample + turn) % strangers.length;
      const stranger = strangers[at];
      if (stranger === undefined) continue;
      const startedMs = performance.now();
      await ask(stranger, target, {}, world);
      times[at]?.push(performance.now() - startedMs);
    }
  }
  return times;
}

function differ(strangers: readonly Stranger[], times: readonly (readonly number[])[]): readonly string[] {
  const sorted = times.flat().sort((one, two) => one - two);
  const most = sorted[Math.floor(sorted.length * KEPT)] ?? 0;
  const [first = [], ...rest] = times.map((own) => own.filter((ms) => ms <= most));
  return rest.flatMap((own, at) => {
    const t = welchsT(first, own);
    return Math.abs(t) < MAX_T
      ? []
      : [`${strangers[at + 1]?.name} is told from ${strangers[0]?.name}: t = ${t.toFixed(1)}`];
  });
}

function welchsT(one: readonly number[], two: readonly number[]): number {
  const [a, b] = [momentsOf(one), momentsOf(two)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / one.length + b.variance / two.length);
}

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
