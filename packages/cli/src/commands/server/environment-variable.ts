import { err, ok, type Result } from "@portcullis/policy";
import type { EnvironmentVariable } from "@portcullis/server";
import { isSecretName, isTokenLike } from "../../clients/mask.ts";
import type { Io } from "../../io.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** One `--env NAME=value` or `--env NAME=env:OTHER`. A value from a variable is a secret, as is one with such a name or look. */
export function parseVariable(text: string, env: Io["env"]): Result<EnvironmentVariable, string> {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0));
  if (!NAME.test(name)) return err("`--env` must look like `NAME=value` or `NAME=env:VARIABLE`");
  const given = text.slice(equals + 1);
  const variable = /^env:(.+)$/.exec(given)?.[1];
  if (variable === undefined) {
    if (given.includes("\0")) return err(`the value of \`--env ${name}\` holds a NUL character`);
    return ok({ name, value: given, isSecret: isSecret(name, given) });
  }
  const value = env[variable];
  if (value === undefined || value === "")
    return err(`\`--env ${name}\`: the variable \`${variable}\` is not set`);
  return ok({ name, value, isSecret: true });
}

/** Every `--env` of a command line; a name may come once. */
export function parseVariables(
  texts: readonly string[],
  env: Io["env"],
): Result<readonly EnvironmentVariable[], string> {
  const parsed: EnvironmentVariable[] = [];
  for (const text of texts) {
    const variable = parseVariable(text, env);
    if (!variable.ok) return variable;
    const { name } = variable.value;
    if (parsed.some((other) => other.name === name)) return err(`\`--env\` names \`${name}\` twice`);
    parsed.push(variable.value);
  }
  return ok(parsed);
}

/** True when a secret itself was typed, so that it is in the shell's history. */
export function isTypedSecretVariable(text: string): boolean {
  const [name = ""] = text.split("=", 1);
  const value = text.slice(name.length + 1);
  return !value.startsWith("env:") && isSecret(name, value);
}

/** By its name, whatever stands there, or because it is a token of a well-known service. */
function isSecret(name: string, value: string): boolean {
  return isSecretName(name) || isTokenLike(value);
}
