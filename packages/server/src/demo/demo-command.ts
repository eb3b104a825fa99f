import { fileURLToPath } from "node:url";

/** Name of the demo server, its policy and its grant. */
export const DEMO_NAME = "demo";

/** The command that runs the demo server over stdio: this Node on the file beside this one, source or built. */
export function demoCommand(): readonly string[] {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return [process.execPath, fileURLToPath(new URL(`./demo-server.${extension}`, import.meta.url))];
}
