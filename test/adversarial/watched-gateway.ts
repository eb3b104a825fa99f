/** A gateway in a process of its own, so that what is measured is the gateway and not who attacks it. */
import { createInterface } from "node:readline";
import type { StartedGateway } from "../e2e/harness.ts";
import { WatchedProcess } from "./watched-process.ts";

export interface WatchedGateway extends StartedGateway {
  readonly process: WatchedProcess;
}

/** `serve` on this data folder, over any ports but one that is named. */
export async function startWatchedGateway(
  dataDir: string,
  { port = 0, command }: { readonly port?: number; readonly command?: readonly string[] } = {},
): Promise<WatchedGateway> {
  const ports = ["--port", String(port), "--admin-port", "0"];
  const process = new WatchedProcess(
    ["serve", "--json", "--no-demo", ...ports, "--data", dataDir],
    {},
    command,
  );
  const { url, adminUrl } = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    createInterface({ input: process.child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
    process.child.once("exit", () => reject(new Error(`serve ended: ${process.logged}`)));
  });
  return {
    process,
    gateway: { url, adminUrl, close: () => process[Symbol.asyncDispose]() },
    logged: () => process.logged,
  };
}
