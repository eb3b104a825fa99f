/** What can be on a {@link Roster}. */
export interface Member {
  /** Where it stands on its roster; only the roster writes it. {@link NOWHERE} at first. */
  place: number;
}

/** The place of what is on no roster. */
export const NOWHERE = -1;

/**
 * Those that are there at this moment, each once, in no order. For what comes and goes with every call, instead of a
 * `Set`: a set's table that was outgrown still points to its entries and to the table after it, so once one of them
 * is old, everything that ever passed through is kept until the next full collection of garbage, a fifth of the
 * gateway's time at its limit. A member is on one roster at most.
 */
export class Roster<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Does nothing for one that is there. */
  add(member: T): void {
    if (member.place !== NOWHERE) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Does nothing for one that is not there. */
  delete(member: T): void {
    const { place } = member;
    if (place === NOWHERE) return;
    member.place = NOWHERE;
    // The last one takes the place that is free now.
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.place = place;
    this.#members[place] = last;
  }

  /** Those that are there now; the list stays as it is whoever comes and goes. */
  list(): readonly T[] {
    return [...this.#members];
  }
}
