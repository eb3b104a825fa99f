import { findLookAlike, type PackageName } from "@portcullis/catalogue";
import { listShippedPackages, type ShippedPackage } from "@portcullis/server";
import { packageOf } from "./package-reference.ts";

/**
 * Says of a command whether the package that it runs has nearly the name of a well-known one: one sentence, or undefined.
 * The well-known ones are those of the snapshot that came with this program: what was added here since may be anybody's.
 */
export type LookAlikes = (command: readonly string[]) => string | undefined;

/** Unpacks the snapshot when the first package is asked about. */
export function createLookAlikes(
  listKnown: () => readonly ShippedPackage[] = listShippedPackages,
): LookAlikes {
  const check = createNameCheck(listKnown);
  return (command) => {
    const reference = packageOf(command);
    return reference === undefined ? undefined : check(reference);
  };
}

/** The same of a package that is named as such. */
export function createNameCheck(
  listKnown: () => readonly ShippedPackage[] = listShippedPackages,
): (asked: PackageName) => string | undefined {
  let known: readonly ShippedPackage[] | undefined;
  return (reference) => {
    known ??= listKnown();
    const found = findLookAlike(reference, known);
    if (found === undefined) return undefined;
    const { name, repository } = found.known;
    const whose =
      repository === undefined ? "is well known" : `is published from \`${shortUrl(repository)}\``;
    return `\`${reference.name.slice(0, 120)}\` looks like \`${name}\`, which ${whose}; check that it is the one you mean.`;
  };
}

function shortUrl(url: string): string {
  return url.replace(/^https:\/\//, "");
}
