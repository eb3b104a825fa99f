import { findLookAlike } from "@portcullis/catalogue";
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
  let known: readonly ShippedPackage[] | undefined;
  return (command) => {
    const reference = packageOf(command);
    if (reference === undefined) return undefined;
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
