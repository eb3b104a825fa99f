import { spawnSync } from "node:child_process";

/** How a stranger's program is kept from the network and from outliving us. */
export interface Isolation {
  readonly network: "none" | "open";
  /** Words to put before the command. */
  readonly wrap: (command: readonly string[]) => readonly string[];
}

/**
 * A network of its own in which only the loopback is up, and processes that all end with the first one. `-r` lets a
 * user without rights do the same where the system allows it.
 */
const PARTS = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
const CHOICES: readonly (readonly string[])[] = [
  ["unshare", ...PARTS, "--"],
  ["unshare", "--map-root-user", ...PARTS, "--"],
];
/** Some servers bind to localhost at their start. Without `ip` it stays down. */
const LOOPBACK = ["sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"];
const PROBE_MS = 5_000;

let detected: Isolation | undefined;

/** What this machine allows; found out once. */
export function detectIsolation(): Isolation {
  detected ??= detect();
  return detected;
}

function detect(): Isolation {
  const isolated = CHOICES.find(
    ([file = "", ...args]) =>
      process.platform === "linux" &&
      spawnSync(file, [...args, "true"], { stdio: "ignore", timeout: PROBE_MS }).status === 0,
  );
  if (isolated === undefined) return { network: "open", wrap: (command) => command };
  return { network: "none", wrap: (command) => [...isolated, ...LOOPBACK, ...command] };
}
