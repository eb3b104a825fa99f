import { readShippedSeed, unpackSeed } from "./seed-file.ts";

/** A package of the shipped snapshot: somebody has looked at it, so that its name is the right one. */
export interface ShippedPackage {
  /** `npm` or `pypi`. */
  readonly registry: string;
  readonly name: string;
  /** Where its source is; undefined where it does not say. */
  readonly repository: string | undefined;
}

/** The packages of the snapshot that came with this program, in its order; none without one. Takes some 50 ms. */
export function listShippedPackages(packed = readShippedSeed()): readonly ShippedPackage[] {
  if (packed === undefined) return [];
  return unpackSeed(packed)
    .readServers()
    .flatMap(({ package: of, repository }) =>
      of === undefined ? [] : [{ registry: of.registry, name: of.name, repository }],
    );
}
