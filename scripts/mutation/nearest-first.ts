import { statSync } from "node:fs";
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The first test that fails ends a run, so those of the changed file go first, and whole calls go last. */
export class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const changed = basename(this.ctx.config.related?.[0] ?? "", ".ts");
    const rank = ({ moduleId }: TestSpecification): number => {
      if (moduleId.includes("/test/e2e/")) return 2;
      return basename(moduleId).startsWith(changed) ? 0 : 1;
    };
    const size = ({ moduleId }: TestSpecification): number => statSync(moduleId).size;
    return files.toSorted((a, b) => rank(a) - rank(b) || size(a) - size(b));
  }
}
