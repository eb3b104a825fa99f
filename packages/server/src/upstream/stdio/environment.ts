/** What every child process may see of our environment: nothing here carries a secret (threats 98, 99). */
const INHERITED: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "LANG",
  "TZ",
  "TMPDIR",
  "TERM",
  "USER",
  "LOGNAME",
  "SHELL",
  // Where the certificates of a company's network are: without them no command fetches or reaches anything there.
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
]);

/** Windows starts hardly any program without these. */
const INHERITED_ON_WINDOWS: ReadonlySet<string> = new Set([
  "PATH",
  "PATHEXT",
  "SYSTEMROOT",
  "SYSTEMDRIVE",
  "COMSPEC",
  "TEMP",
  "TMP",
  "USERPROFILE",
  "USERNAME",
  "HOMEDRIVE",
  "HOMEPATH",
  "APPDATA",
  "LOCALAPPDATA",
  "PROGRAMFILES",
  "PROCESSOR_ARCHITECTURE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
]);

/**
 * The environment of a child process: the harmless few, the names in `allowed`, and `added`, which wins.
 * An allow-list, because a deny-list misses the next secret (threat 98).
 */
export function scrubEnvironment(
  source: NodeJS.ProcessEnv,
  allowed: readonly string[],
  added: { readonly [name: string]: string },
  platform: NodeJS.Platform = process.platform,
): { [name: string]: string } {
  const names = new Set(allowed);
  const kept: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && (names.has(name) || isInherited(name, platform))) kept[name] = value;
  }
  return { ...kept, ...added };
}

function isInherited(name: string, platform: NodeJS.Platform): boolean {
  if (platform === "win32") return INHERITED_ON_WINDOWS.has(name.toUpperCase());
  return INHERITED.has(name) || name.startsWith("LC_");
}
