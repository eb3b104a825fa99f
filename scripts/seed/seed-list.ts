import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type PackageSpec,
  parsePackageSpec,
} from "../../packages/server/src/catalogue/introspect/package-spec.ts";

/** A server of the reviewed list. */
export interface Listed {
  readonly spec: PackageSpec;
  /** Arguments that it needs to start. */
  readonly args: readonly string[];
  /** What its README says; undefined leaves it to its metadata. */
  readonly license: string | undefined;
}

const LICENSE = "license=";

/** The reviewed list, `servers.txt` beside this file. */
export function readSeedList(): readonly Listed[] {
  return readFileSync(join(import.meta.dirname, "servers.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", ...words] = line.split(" ");
      const spec = parsePackageSpec(name);
      if (!spec.ok) throw new Error(spec.error);
      const license = words.find((word) => word.startsWith(LICENSE))?.slice(LICENSE.length);
      return { spec: spec.value, args: words.filter((word) => !word.startsWith(LICENSE)), license };
    });
}

/** The file that keeps what one server showed. */
export function keptFile(folder: string, { registry, name }: PackageSpec): string {
  return join(folder, `${registry}-${name.replaceAll("/", "+")}.json`);
}
