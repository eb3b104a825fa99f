/** What is left of calls by hand: what the server heard, what the log says, what the client reads. */
import type { LogRow } from "@portcullis/server";
import type { World } from "./cells.ts";
import type { Target } from "./compose.ts";
import { type Place, read } from "./conversation.ts";
import type { RawAnswer } from "./raw-client.ts";
import { readReply, wellFormedness } from "./reply.ts";

/** Of the first grant of a place, from a point on. */
export class Trail {
  readonly #world: World;
  readonly #place: Place;
  #seq = 0;
  #calls = 0;

  constructor(world: World, place: Place) {
    this.#world = world;
    this.#place = place;
    this.restart();
  }

  /** Forgets what was. */
  restart(): void {
    this.#seq = this.#world.ledger.newest();
    this.#calls = this.#heard();
  }

  /** Rows of the log, with their outcomes as far as they are known. */
  rows(): readonly LogRow[] {
    return this.#world.ledger.after(this.#seq).filter(({ grant }) => grant === this.#place.labels.one);
  }

  /** How many calls reached the server. */
  calls(): number {
    return this.#heard() - this.#calls;
  }

  #heard(): number {
    const end = `/${this.#place.name}`;
    const { seen } = this.#world.upstream;
    return seen.filter(({ path, message }) => path.endsWith(end) && message?.["method"] === "tools/call")
      .length;
  }
}

/** The oracle of all cases: no secret comes out, and an answer is well-formed. A cut connection is none. */
export function checkAlways(
  { canaries }: Pick<World, "canaries">,
  answered: RawAnswer,
  rows: readonly LogRow[],
  era: Target["era"],
): readonly string[] {
  const leaked = canaries.find(answered.wire.toString("utf8")) ?? canaries.find(JSON.stringify(rows));
  return [
    ...(leaked === undefined ? [] : [`the ${leaked} came out`]),
    ...(answered.status === 0 ? [] : wellFormedness(readReply(answered), era, idOf(answered))),
  ];
}

/** Requests by hand are numbered as they are sent; that an answer has its own number is the corpus's to see. */
function idOf(answered: RawAnswer): string | number | undefined {
  const { id } = read(answered) as { readonly id?: string | number };
  return id;
}
