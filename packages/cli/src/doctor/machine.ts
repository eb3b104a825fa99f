import { createServer } from "node:net";
import { type Config, readRunning, resolveConfig } from "@portcullis/server";
import type { Context } from "../context.ts";
import { type Finding, failing, fine, warning } from "./finding.ts";

const MIN_NODE: readonly [number, number] = [24, 15];
/** No build of this program is older. */
const PROGRAM_BORN_MS = Date.UTC(2026, 0, 1);
/** Clocks of two machines may differ by this much; more is a jump. */
const CLOCK_SLACK_MS = 60_000;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  const found = `Node ${version}`;
  return isEnough ? fine("node", found) : failing("node", `${found}; install 24.15 or newer`);
}

/** `newestRowMs`: time of the newest audit row. A clock behind it makes windows and expiry wrong. */
export function checkClock(nowMs: number, newestRowMs: number | undefined): Finding {
  const now = new Date(nowMs).toISOString();
  if (nowMs < PROGRAM_BORN_MS)
    return failing("clock", `${now} is in the past; set the clock of this machine`);
  if (newestRowMs !== undefined && newestRowMs > nowMs + CLOCK_SLACK_MS) {
    const newest = new Date(newestRowMs).toISOString();
    return failing(
      "clock",
      `${now} is before the newest audit row (${newest}); set the clock of this machine`,
    );
  }
  return fine("clock", now);
}

export async function checkConfig({ io, dataDir }: Context): Promise<{
  readonly config?: Config;
  readonly findings: readonly Finding[];
}> {
  const resolved = await resolveConfig({ flags: {}, env: io.env, dataDir });
  if (!resolved.ok) return { findings: resolved.error.map((line) => failing("config", line)) };
  const { config, warnings } = resolved.value;
  const findings =
    warnings.length === 0 ? [fine("config", "valid")] : warnings.map((line) => warning("config", line));
  return { config, findings };
}

/** A running gateway holds its port; without one the configured port must be free. */
export async function checkGateway(
  { dataDir }: Context,
  config: Config | undefined,
): Promise<readonly Finding[]> {
  const running = readRunning(dataDir);
  if (running !== undefined) return [fine("gateway", `runs at ${running.url} (process id ${running.pid})`)];
  const stopped = fine("gateway", "does not run");
  if (config === undefined) return [stopped];
  return [stopped, await checkPort(config.host, config.port)];
}

async function checkPort(host: string, port: number): Promise<Finding> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.on("error", (cause: NodeJS.ErrnoException) => resolve(cause.code ?? cause.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (code === undefined) return fine("port", `${host}:${port} is free`);
  if (code === "EADDRINUSE")
    return failing("port", `${host}:${port} is in use by another program; choose another with --port`);
  return failing("port", `${host}:${port} cannot be listened on (${code})`);
}
