/** What happens outside the gateway, by time; what falls due together happens in the order it was planned. */
export class Agenda {
  readonly #planned: { readonly atMs: number; readonly happen: () => void }[] = [];

  add(atMs: number, happen: () => void): void {
    let at = this.#planned.length;
    while (at > 0 && (this.#planned[at - 1]?.atMs ?? 0) > atMs) at -= 1;
    this.#planned.splice(at, 0, { atMs, happen });
  }

  /** Taken off as they are given. */
  *due(nowMs: number): Generator<() => void> {
    for (;;) {
      const [first] = this.#planned;
      if (first === undefined || first.atMs > nowMs) return;
      this.#planned.shift();
      yield first.happen;
    }
  }
}
