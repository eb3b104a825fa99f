import { basename, sep } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import type { Places } from "./places.ts";

/**
 * How a client writes variables in its file. `none`: not at all. `shell`: `${NAME}` and `${NAME:-default}`.
 * `dollar`: those and `$NAME`. `named`: `${env:NAME}`, `${userHome}`, `${workspaceFolder}` and a few more. `any`: a
 * file of which nobody knows whose it is.
 */
export type VariableStyle = "none" | "shell" | "dollar" | "named" | "any";

/** A text with its variables filled in. */
export interface Expanded {
  readonly text: string;
  /** True when a variable of the environment is in it: such a value is treated as a secret. */
  readonly usesEnvironment: boolean;
}

/** No brace inside braces: a row of `${` without an end must not be read again from each. */
const PATTERNS: { readonly [S in VariableStyle]: RegExp | undefined } = {
  none: undefined,
  shell: /\$\{([^{}]*)\}/g,
  dollar: /\$\{([^{}]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)/g,
  named: /\$\{([^{}]*)\}/g,
  any: /\$\{([^{}]*)\}/g,
};

/** Fills in what the client would; the error names the first variable that is not known here. */
export function expand(text: string, style: VariableStyle, places: Places): Result<Expanded, string> {
  const pattern = PATTERNS[style];
  if (pattern === undefined) return ok({ text, usesEnvironment: false });
  let unknown: string | undefined;
  let usesEnvironment = false;
  const filled = text.replace(pattern, (whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? "";
    const found = variableValue(name, style, places);
    if (found === undefined) unknown ??= whole;
    if (found?.isEnvironment === true) usesEnvironment = true;
    return found?.value ?? "";
  });
  if (unknown !== undefined) return err(`it needs \`${unknown}\`, which has no value here`);
  return ok({ text: filled, usesEnvironment });
}

interface Value {
  readonly value: string;
  readonly isEnvironment: boolean;
}

function variableValue(name: string, style: VariableStyle, places: Places): Value | undefined {
  if (style === "named") return namedValue(name, places);
  return (style === "any" ? namedValue(name, places) : undefined) ?? shellValue(name, places);
}

function shellValue(name: string, { env }: Places): Value | undefined {
  const [variable = "", fallback] = split(name, ":-");
  const set = env[variable];
  if (set !== undefined && set !== "") return { value: set, isEnvironment: true };
  return fallback === undefined ? undefined : { value: fallback, isEnvironment: false };
}

function namedValue(name: string, { env, home, project }: Places): Value | undefined {
  if (name.startsWith("env:")) {
    const set = env[name.slice("env:".length)];
    return set === undefined || set === "" ? undefined : { value: set, isEnvironment: true };
  }
  const value = new Map([
    ["userHome", home],
    ["workspaceFolder", project],
    ["workspaceFolderBasename", basename(project)],
    ["pathSeparator", sep],
    ["/", sep],
  ]).get(name);
  return value === undefined ? undefined : { value, isEnvironment: false };
}

function split(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
