import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readEntries } from "./read-bounded.ts";

/** A name of a variable as programs spell it in messages and in code. */
const NAME = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g;
const MAX_NAMES = 30;
const MAX_NAME_CHARS = 80;

/** Names that a program's words ask for: `Missing API_KEY`. What our own variables are called is never one. */
export function namesInWords(lines: readonly string[]): readonly string[] {
  const found = lines.flatMap((line) => line.match(NAME) ?? []);
  return [...new Set(found)].filter(isWorthSetting).slice(0, MAX_NAMES);
}

/** Names of credentials that a package's own code reads: many servers list their tools only with one. */
export function credentialNames(folder: string): readonly string[] {
  const found = new Set<string>();
  for (const file of sourceFiles(folder)) {
    for (const name of readText(file).match(READS) ?? []) {
      const bare = name.match(NAME)?.at(-1);
      if (bare !== undefined && CREDENTIAL.test(bare) && isWorthSetting(bare)) found.add(bare);
      if (found.size >= MAX_NAMES) return [...found];
    }
  }
  return [...found];
}

const READS =
  /(?:process\.env(?:\.|\[["'])|os\.environ(?:\.get)?[[(]\s*["']|getenv\(\s*["'])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+/g;
const CREDENTIAL = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PAT)$/;

/** What a variable of this name could hold. Nothing here opens anything anywhere. */
export function dummyValue(name: string, folder: string): string {
  if (/(?:URL|URI|ENDPOINT|BASE|ORIGIN)$/.test(name)) return "https://dummy.invalid";
  if (/(?:HOST|HOSTNAME|SERVER|DOMAIN|SITE)$/.test(name)) return "dummy.invalid";
  if (/PORT$/.test(name)) return "1";
  if (/(?:EMAIL|USER|USERNAME|LOGIN)$/.test(name)) return "nobody@dummy.invalid";
  if (/REGION$/.test(name)) return "us-east-1";
  if (/(?:PATH|DIR|DIRECTORY|FOLDER|FILE|ROOT)$/.test(name)) return folder;
  if (/(?:ID|ARN|ACCOUNT|PROJECT|ORG|ORGANIZATION|TENANT|WORKSPACE)$/.test(name))
    return "00000000-0000-0000-0000-000000000000";
  return "dummy-0000000000000000000000000000";
}

/** Names that change how a program runs rather than whom it speaks to. */
const NEVER =
  /^(?:NODE_|NPM_|PYTHON|LD_|DYLD_|LC_|XDG_|UV_|PIP_|PORTCULLIS_|E[A-Z]{3,}$|ERR_|MODULE_|MAX_|LOG_)/;

function isWorthSetting(name: string): boolean {
  return name.length <= MAX_NAME_CHARS && !NEVER.test(name);
}

const MAX_FILES = 400;
const MAX_FILE_BYTES = 2 * 1024 * 1024;
const SOURCE = /\.(?:[cm]?js|py)$/;

/** The package's own code: not what it depends on. */
function sourceFiles(folder: string): readonly string[] {
  const found: string[] = [];
  const open = [folder];
  for (let next = open.pop(); next !== undefined && found.length < MAX_FILES; next = open.pop()) {
    for (const entry of readEntries(next)) {
      const path = join(next, entry.name);
      if (entry.isDirectory() && entry.name !== "node_modules") open.push(path);
      else if (entry.isFile() && SOURCE.test(entry.name) && sizeOf(path) <= MAX_FILE_BYTES) found.push(path);
    }
  }
  return found.slice(0, MAX_FILES);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
