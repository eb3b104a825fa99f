import { flushCompileCache } from "node:module";
import {
  type Config,
  DEMO_NAME,
  findGrant,
  type Gateway,
  resolveConfig,
  servesCatalogue,
  startGateway,
} from "@portcullis/server";
import { type Context, refuse } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { toWritable } from "../io.ts";
import { toPrintable } from "../printable.ts";
import { withProgress } from "../progress.ts";
import { withWorkspace } from "../workspace.ts";
import { configFlags } from "./config-options.ts";
import { announceDemo, isFirstStart, printDemoAgain, setUpDemo } from "./demo.ts";

/** `serve`: with `--json` the first line is `{"event":"ready","url","adminUrl","pid"}`. Ends with 0 on SIGTERM. */
export async function serve(context: Context): Promise<ExitCode> {
  const { io, out, dataDir } = context;
  const stop = io.stopSignal();
  const resolved = await resolveConfig({ flags: configFlags(context.options), env: io.env, dataDir });
  if (!resolved.ok) return refuse(context, resolved.error.join("; "));
  const { config, warnings } = resolved.value;
  for (const warning of warnings) out.warn(warning);
  const started = await withProgress(
    io,
    "starting",
    startGateway({ dataDir, config, log: toWritable(io.stderr) }),
  );
  if (!started.ok) return refuse(context, started.error);
  await using gateway = started.value;
  announce(context, config, gateway);
  // A gateway may end by `kill -9`; the next one starts as fast all the same.
  flushCompileCache();
  if (config.demo && !stop.aborted) await offerDemo(context, config, gateway);
  await aborted(stop);
  if (!context.json) out.note("stopping: calls in flight are finished first");
  await gateway.close();
  return EXIT.ok;
}

function announce({ json, out, dataDir }: Context, config: Config, gateway: Gateway): void {
  const { url, adminUrl, pid } = gateway;
  if (json) {
    out.json({ event: "ready", url, adminUrl, pid });
    return;
  }
  out.line(`${out.style("bold", "Portcullis")} is up.`);
  out.line(`  gateway    ${url}`);
  if (servesCatalogue(config)) out.line(`  catalogue  ${url}/catalogue`);
  out.line(`  health     ${adminUrl}/healthz`);
  out.line(`  data       ${toPrintable(dataDir)}`);
}

/** A demo that cannot be set up is a warning: the gateway runs. */
async function offerDemo(context: Context, config: Config, gateway: Gateway): Promise<void> {
  await withWorkspace(context, { create: false }, async (workspace) => {
    if (isFirstStart(workspace)) {
      const demo = await setUpDemo(context, workspace, config, gateway.url);
      if (demo.ok) announceDemo(context, demo.value);
      else context.out.warn(`the demo could not be set up: ${demo.error}`);
    } else if (!context.json && isDemoLive(findGrant(workspace.state, DEMO_NAME))) printDemoAgain(context);
    return EXIT.ok;
  });
}

function isDemoLive(grant: ReturnType<typeof findGrant>): boolean {
  return grant !== undefined && grant.revokedAtMs === undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
