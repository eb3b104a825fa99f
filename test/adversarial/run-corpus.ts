/** Runs the corpus, every case on every cell that it applies to. */
import type { Cell, World } from "./cells.ts";
import { compose } from "./compose.ts";
import { type Case, classOf, type Family } from "./corpus.ts";
import { type Admitted, canBeSaid, runCase } from "./run-case.ts";

export interface CorpusRun {
  readonly cells: number;
  /** Cases by family and class. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly failures: readonly string[];
  readonly admitted: readonly Admitted[];
}

/** Failures are lines `name on cell: what is wrong`. */
export async function runCorpus(families: readonly Family[], world: World): Promise<CorpusRun> {
  const counts = new Map<string, Map<string, number>>();
  const failures: string[] = [];
  const admitted: Admitted[] = [];
  let cells = 0;
  for (const { family, cases } of families) {
    const byClass = new Map<string, number>();
    counts.set(family, byClass);
    for (const written of cases) {
      const kind = classOf(written.expect);
      byClass.set(kind, (byClass.get(kind) ?? 0) + 1);
      const places = world.cells.filter((cell) => applies(written, cell));
      if (places.length === 0) failures.push(`${written.name}: no cell to try it on`);
      for (const cell of places) {
        cells += 1;
        const result = await tryCase(written, cell, world);
        failures.push(...result.problems.map((problem) => `${written.name} on ${cell.name}: ${problem}`));
        if (result.admitted !== undefined) admitted.push(result.admitted);
      }
    }
  }
  return { cells, counts, failures, admitted };
}

async function tryCase(written: Case, cell: Cell, world: World): ReturnType<typeof runCase> {
  try {
    const { wire } = compose(written, cell.target);
    const held = await cell.process.notHeldUp(wire.length, () => runCase(written, cell, world));
    return { ...held.value, problems: [...held.value.problems, ...held.problems] };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { problems: [problem], admitted: undefined };
  }
}

/** A case whose HTTP is hostile is tried where HTTP leads to HTTP; any other everywhere. */
export function applies(written: Case, cell: Cell): boolean {
  const { headers, start, wire, framing, on } = written;
  const isOfHttp =
    headers !== undefined || start !== undefined || wire !== undefined || framing !== undefined;
  const wanted = on ?? [isOfHttp ? "web" : ""];
  const fits = wanted.some((tags) =>
    tags
      .split(" ")
      .filter((tag) => tag !== "")
      .every((tag) => cell.tags.has(tag)),
  );
  return fits && canBeSaid(written, cell);
}
