/** A wire to a server, as its rivals for one of the few places see it. */
export interface Place {
  /** The grant that it serves. */
  readonly holder: string;
  /** It is ending; its place will be free in a moment. */
  readonly isLeaving: boolean;
  /** Monotonic, milliseconds, of the last thing that it did; undefined while it is at work. */
  readonly idleSinceMs: number | undefined;
  /** Who waits for this place; undefined while nobody does. */
  readonly promisedTo: string | undefined;
}

/**
 * The place that a newcomer of `holder` may wait for when all are taken; undefined where it has to be refused.
 *
 * One that is leaving costs nobody anything. Else the longest idle wire goes, of the holder that has most: of
 * itself, or of one that has more than the newcomer. So nobody can keep others out by opening sessions, nobody loses
 * a wire to somebody who has as many, and what is at work is never ended. A place counts as its next holder's from the
 * moment that it was promised: many newcomers at once get no more than one after the other.
 */
export function placeFor<P extends Place>(places: readonly P[], holder: string): P | undefined {
  const free = places.filter(({ promisedTo }) => promisedTo === undefined);
  const leaving = free.find(({ isLeaving }) => isLeaving);
  if (leaving !== undefined) return leaving;
  const held = new Map<string, number>();
  for (const place of places) {
    const name = place.promisedTo ?? place.holder;
    held.set(name, (held.get(name) ?? 0) + 1);
  }
  const heldBy = (name: string): number => held.get(name) ?? 0;
  const own = heldBy(holder);
  return free
    .filter((place) => place.idleSinceMs !== undefined)
    .filter((place) => place.holder === holder || heldBy(place.holder) > own)
    .toSorted(
      (a, b) => heldBy(b.holder) - heldBy(a.holder) || (a.idleSinceMs ?? 0) - (b.idleSinceMs ?? 0),
    )[0];
}
