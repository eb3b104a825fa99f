import { statSync } from "node:fs";
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The first test that fails ends a run, so those named like the changed file go first, and whole calls go last. */
export class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const changed = basename(this.ctx.config.related?.[0] ?? "", ".ts");
    const distance = ({ moduleId }: TestSpecification): number =>
      moduleId.includes("/test/e2e/") ? 1 : -sharedStart(basename(moduleId), changed);
    const size = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
    return files.toSorted((a, b) => distance(a) - distance(b) || size(a) - size(b));
  }
}

function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
