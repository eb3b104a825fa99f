import { err, ok, type Result } from "@portcullis/policy";

/** What is to be looked at: a package of a registry, never a folder, a URL or a repository. */
export interface PackageSpec {
  readonly registry: "npm" | "pypi";
  readonly name: string;
  /** Exact version or tag; undefined takes the newest. */
  readonly version: string | undefined;
}

const NPM_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/;
const PYPI_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/;
const MAX_NAME_CHARS = 214;

/**
 * Reads `name`, `name@version`, `npm:name` or `pypi:name`. A name that an installer could take for an option or a
 * path is refused.
 */
export function parsePackageSpec(text: string): Result<PackageSpec, string> {
  const [, prefix, name = "", version] = /^(?:(npm|pypi):)?(@?[^@]*)(?:@(.*))?$/s.exec(text) ?? [];
  const registry = prefix === "pypi" ? "pypi" : "npm";
  const isName = (registry === "npm" ? NPM_NAME : PYPI_NAME).test(name) && !name.startsWith("-");
  if (!isName || name.length > MAX_NAME_CHARS) {
    return err(
      `\`${text.slice(0, 80)}\` is not the name of a package; write \`name\` for npm or \`pypi:name\``,
    );
  }
  if (version !== undefined && !VERSION.test(version)) {
    return err(`\`${version.slice(0, 80)}\` is not a version; write one like \`${name.slice(0, 80)}@1.2.3\``);
  }
  return ok({ registry, name, version });
}
