import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone afterwards, with a home of its own: nothing of the user's is where programs look for it. */
export interface ThrowawayFolder extends Disposable {
  readonly path: string;
  readonly home: string;
  /** Where the server starts; empty. */
  readonly work: string;
}

/** The one kind of credential that servers look for in a file. Opens nothing. */
const AWS_CREDENTIALS = `[default]
aws_access_key_id = DUMMYDUMMYDUMMYDUMMY
aws_secret_access_key = dummy
region = us-east-1
`;

/** What cannot be removed at the end is a warning, so that what was learned is not lost. */
export function makeThrowawayFolder(onWarning: (warning: string) => void): ThrowawayFolder {
  const path = mkdtempSync(join(tmpdir(), "portcullis-introspect-"));
  const [home, work] = [join(path, "home"), join(path, "work")];
  mkdirSync(join(home, ".aws"), { recursive: true });
  mkdirSync(work);
  writeFileSync(join(home, ".aws", "credentials"), AWS_CREDENTIALS);
  return {
    path,
    home,
    work,
    [Symbol.dispose]: () => {
      const problem = remove(path);
      if (problem !== undefined)
        onWarning(`\`${path}\` could not be removed (${problem}); remove it yourself`);
    },
  };
}

/** The code of the error where something is left. */
function remove(path: string): string | undefined {
  if (tryRemove(path) === undefined) return undefined;
  openUp(path);
  return tryRemove(path);
}

function tryRemove(path: string): string | undefined {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
  }
}

/** Nobody but root removes a file from a folder that is not writable. No link is followed: it may point at the user's own. */
function openUp(folder: string): void {
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    try {
      chmodSync(next, 0o700);
      for (const entry of readdirSync(next, { withFileTypes: true })) {
        if (entry.isDirectory()) open.push(join(next, entry.name));
      }
    } catch {
      // Somebody else's, or gone: removing it says so.
    }
  }
}

/** What an installer needs of our environment: where programs and certificates are, and the way out. No credential. */
const INSTALLER_INHERITS = [
  "PATH",
  "LANG",
  "TZ",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "npm_config_registry",
  "npm_config_cache",
  "PIP_INDEX_URL",
  "PIP_CERT",
  "PIP_CACHE_DIR",
  "UV_INDEX_URL",
  "UV_CACHE_DIR",
  "SystemRoot",
  "PATHEXT",
] as const;

/** Installers run none of the package's own code, so they may use the network. */
export function installerEnvironment(
  source: NodeJS.ProcessEnv,
  folder: ThrowawayFolder,
): { readonly [name: string]: string } {
  const kept: { [name: string]: string } = {};
  for (const name of INSTALLER_INHERITS) {
    const value = source[name];
    if (value !== undefined) kept[name] = value;
  }
  return { ...kept, HOME: folder.home, USERPROFILE: folder.home, TMPDIR: folder.path };
}
