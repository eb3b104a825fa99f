/** A package on the disk, ready to be started. */
export interface InstalledPackage {
  readonly version: string | undefined;
  /** SPDX expression, or what the author wrote instead. */
  readonly license: string | undefined;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly repository: string | undefined;
  /** Name in the official registry, as the package claims it. */
  readonly registryId: string | undefined;
  /** Words that start it; arguments are added. */
  readonly command: readonly string[];
  /** Where its own code lies, to be searched for the names of variables. */
  readonly sources: string;
}

/** Chooses one of a package's commands: the wanted one, the one with its name, the only one, or one that says `mcp`. */
export function chooseCommand(
  names: readonly string[],
  packageName: string,
  wanted: string | undefined,
): string | undefined {
  if (wanted !== undefined) return names.find((name) => name === wanted);
  const bare = packageName.replace(/^@[^/]+\//, "");
  return (
    names.find((name) => name === bare) ??
    (names.length === 1 ? names[0] : undefined) ??
    names.find((name) => /mcp/i.test(name)) ??
    names[0]
  );
}

/** A licence by the first words of its text. */
export function recogniseLicense(text: string): string | undefined {
  if (/^\s*(?:The )?MIT License/i.test(text)) return "MIT";
  return /^\s*Apache License\s+Version 2\.0/.test(text) ? "Apache-2.0" : undefined;
}
