/** What tests need and npm does not have. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Longer than a slow mirror takes; then the tests that need it are left out, and say so. */
const INSTALL_MS = 240_000;

/** Installs a package of Debian unless its program is there. Only for root, and only where there is apt-get. */
export function bring(name: string, program: string): void {
  if (existsSync(program)) return;
  const isAllowed = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (!isAllowed) return skip(name, "it needs root and apt-get");
  console.log(`installing ${name} (Debian) for the tests in a browser …`);
  const isThere = install(name) || (aptGet("update") && install(name));
  if (!isThere || !existsSync(program)) skip(name, "apt-get could not install it");
}

function install(name: string): boolean {
  return aptGet("install", "-y", "--no-install-recommends", name);
}

function aptGet(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...args], { env, stdio: "ignore", timeout: INSTALL_MS }).status === 0;
}

function skip(name: string, reason: string): void {
  console.log(`skipped: tests that need ${name} (${reason})`);
}
