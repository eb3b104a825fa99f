/** Short exchanges by hand, for what takes more than one message. */
import { createGrant, type GrantRow, listGrants } from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import { initialize, type World } from "./cells.ts";
import { compose, type Target } from "./compose.ts";
import type { Case } from "./corpus.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";
import { jsonReply, type RawReply, type Seen } from "./raw-upstream.ts";
import type { Relay } from "./relay.ts";
import { answerAsWorld, isOwnTraffic } from "./world-server.ts";

export type Kind = "modern" | "session" | "stateless";

/** A server of this kind that answers every call as `answer` says, with two grants that may use it. */
export interface Place {
  readonly one: Target;
  readonly two: Target;
  /** The server's name, and the labels of the two grants. */
  readonly name: string;
  readonly labels: { readonly one: string; readonly two: string };
}

interface PlaceOptions {
  /** Default: it is. */
  readonly isEraKnown?: boolean;
  /** The server is a child process. */
  readonly relay?: Relay;
}

let places = 0;

/** `answer` gets what the upstream read; undefined leaves it to the usual server. */
export async function openPlace(
  world: Pick<World, "rig" | "upstream" | "register">,
  kind: Kind,
  policy: unknown,
  answer: (seen: Seen) => object | RawReply | undefined,
  { isEraKnown = true, relay }: PlaceOptions = {},
): Promise<Place> {
  places += 1;
  const name = `place-${places}`;
  const path = `${kind}/${name}`;
  const era = kind === "modern" ? "modern" : "legacy";
  const previous = world.upstream.script;
  world.upstream.script = (seen) => {
    if (seen.path !== `/${path}`) return previous(seen);
    const isList = seen.message?.["method"] === "tools/list";
    // How the gateway finds out about a server is the test's to answer where that is what it looks at.
    const isUsual = isEraKnown && isOwnTraffic(seen) && !isList;
    const result = isUsual ? undefined : answer(seen);
    if (result === undefined) return answerAsWorld(seen);
    return isReply(result) ? result : resultReply(seen, result, era);
  };
  const registered =
    relay === undefined
      ? world.register(name, path, isEraKnown ? era : "auto", policy)
      : world.rig.add(name, { kind: "stdio", command: relay.command(path) }, policy, { era });
  const grant = { label: `${name}-two`, server: name, policy: "test", mode: "enforce" as const };
  const minted = unwrap(
    createGrant(
      world.rig.state,
      world.rig.folder.keys,
      { ...grant, expiresAtMs: Date.now() + 3_600_000 },
      Date.now(),
    ),
  );
  const { host, pathname } = new URL(registered.url);
  const targetOf = async (token: string): Promise<Target> => {
    const target: Target = { era, front: "http", path: pathname, host, token, session: undefined };
    return era === "modern" ? target : { ...target, session: await initialize(world, target) };
  };
  const isOwn = ({ access, label }: GrantRow) => access.has(registered.id) && label !== grant.label;
  const own = listGrants(world.rig.state).find(isOwn);
  return {
    one: await targetOf(registered.token),
    two: await targetOf(minted.token),
    name,
    labels: { one: own?.label ?? "", two: grant.label },
  };
}

function isReply(answer: object): answer is RawReply {
  return "pieces" in answer;
}

function resultReply({ message }: Seen, result: object, era: "modern" | "legacy"): RawReply {
  const type = era === "modern" ? { resultType: "complete" } : {};
  return jsonReply({ jsonrpc: "2.0", id: message?.["id"], result: { ...type, ...result } });
}

/** Sends one request; what is not said is a call of `any`. */
export function say(world: Pick<World, "rig">, target: Target, more: Partial<Case>): Promise<RawAnswer> {
  const written: Case = {
    family: "conversation",
    id: "say",
    name: "say",
    threats: [50],
    expect: { forwarded: true },
    ...more,
  };
  return sendRaw(world.rig.gateway.url, compose(written, target).wire);
}

/** The JSON of an answer, as far as the tests look into it. */
export interface Said {
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

export function read({ body }: RawAnswer): Said {
  return JSON.parse(body.toString("utf8")) as Said;
}

/** Looks until it is so; rejects with `what` when it takes too long. */
export async function until(isSo: () => boolean, what: string, withinMs = WAIT_MS): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`waited in vain ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 2;
