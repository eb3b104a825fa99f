import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@portcullis/policy";
import type { ClientKind } from "./client-kind.ts";
import type { RawServer } from "./raw-server.ts";

/** How an entry reaches the gateway: over HTTP with a token in the file, or through a command that knows the token. */
export type Way =
  | { readonly kind: "http"; readonly url: string; readonly token: string }
  | { readonly kind: "command"; readonly label: string; readonly dataDir: string };

/** The members that send an entry through the gateway. */
export function gatewayMembers(kind: ClientKind, way: Way): JsonObject {
  if (way.kind === "http" && kind.httpEntry !== undefined) {
    return kind.httpEntry(way.url, { Authorization: `Bearer ${way.token}` });
  }
  if (way.kind === "http") throw new TypeError(`${kind.id} starts commands only`);
  const [command, ...args] = ownCommand();
  return {
    ...kind.commandExtras,
    command,
    args: [...args, "connect", way.label, "--data", way.dataDir],
  };
}

/**
 * The command that starts this program again, from wherever the client is: absolute, because programs with windows
 * seldom have the PATH of the terminal.
 */
function ownCommand(): readonly [string, ...string[]] {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  const source = join(folder, "main.ts");
  if (existsSync(source)) return [process.execPath, "--conditions=portcullis-source", source];
  const bin = join(folder, "..", "bin", "portcullis.cjs");
  // What npx fetched lies in a cache that is cleaned up.
  if (bin.includes("_npx")) return ["npx", "-y", "portcullis"];
  return [process.execPath, bin];
}

const GATEWAY_PATH = /\/mcp\/srv_[0-9A-Za-z]{16}\/?$/;
const GRANT_TOKEN = /^Bearer pcl_g_/;
const OWN_NAMES =
  /(?:^|[\\/])portcullis(?:@[^\\/]+|\.cjs|\.cmd|\.js)?$|[\\/]cli[\\/](?:src|dist)[\\/]main\.[jt]s$/;

/** True for an entry that goes through Portcullis, whoever wrote it. */
export function isGatewayEntry({ url, headers, command, args }: RawServer): boolean {
  if (url !== undefined) {
    const isOurs = headers.some(
      ([name, value]) => name.toLowerCase() === "authorization" && GRANT_TOKEN.test(value),
    );
    return isOurs && GATEWAY_PATH.test(url.split(/[?#]/, 1)[0] ?? "");
  }
  const words = [command ?? "", ...args];
  const self = words.findIndex((word) => OWN_NAMES.test(word));
  return self >= 0 && words.slice(self + 1).some((word) => word === "connect" || word === "run");
}
