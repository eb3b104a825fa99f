import { join, resolve, sep } from "node:path";
import { err, isJsonObject, type JsonObject, type JsonValue, ok, type Result } from "@portcullis/policy";
import { runBounded } from "./bounded-command.ts";
import { type InstallRequest, installFailure } from "./install-request.ts";
import { chooseCommand, type InstalledPackage, recogniseLicense } from "./installed-package.ts";
import { readBounded, readHead } from "./read-bounded.ts";
import { installerEnvironment } from "./throwaway-folder.ts";

/** Installs an npm package with everything that it depends on, and runs none of their scripts. */
export async function installNpm(request: InstallRequest): Promise<Result<InstalledPackage, string>> {
  const { spec, folder, env, timeoutMs, maxBytes, signal } = request;
  const wanted = `${spec.name}@${spec.version ?? "latest"}`;
  const ended = await runBounded({
    command: [
      // A batch file there; every word after it is ours or checked.
      ...(process.platform === "win32" ? ["cmd.exe", "/d", "/c", "npm"] : ["npm"]),
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--no-package-lock",
      "--omit=dev",
      "--loglevel=error",
      `--prefix=${folder.path}`,
      "--",
      wanted,
    ],
    cwd: folder.path,
    // A user's own configuration may hold tokens.
    env: { ...installerEnvironment(env, folder), npm_config_userconfig: join(folder.home, ".npmrc") },
    timeoutMs,
    folderLimit: { path: folder.path, maxBytes },
    signal,
  });
  if (ended.code !== 0) return err(installFailure("npm", wanted, ended));
  return readNpmPackage(join(folder.path, "node_modules", spec.name), request);
}

function readNpmPackage(root: string, request: InstallRequest): Result<InstalledPackage, string> {
  const read = readManifest(root);
  if (!read.ok) return err(`\`${request.spec.name}\`: ${read.error}`);
  const manifest = read.value;
  const bins = binsOf(manifest, request.spec.name);
  const name = chooseCommand([...bins.keys()], request.spec.name, request.command);
  const file = name === undefined ? undefined : bins.get(name);
  if (file === undefined) return err(noCommand(request, [...bins.keys()]));
  const path = resolve(root, file);
  // A manifest that points out of its package is not one to follow.
  if (!path.startsWith(root + sep)) return err(`the command of \`${request.spec.name}\` lies outside of it`);
  return ok({
    version: textOf(manifest["version"]),
    license: licenseOf(manifest, root),
    title: undefined,
    description: textOf(manifest["description"]),
    repository: repositoryOf(manifest["repository"]),
    registryId: textOf(manifest["mcpName"]),
    command: commandOf(path),
    sources: root,
  });
}

/** Scripts of Node are run by this Node; everything else by what its first line says. */
function commandOf(path: string): readonly string[] {
  const head = firstWords(path);
  const isScript = /\.[cm]?js$/.test(path) || /^#!.*\bnode\b/.test(head) || !head.startsWith("#!");
  return isScript && !isBinary(head) ? [process.execPath, path] : [path];
}

function isBinary(head: string): boolean {
  return head.startsWith("\x7fELF") || head.startsWith("MZ") || /^[\xcf\xce\xca]\xfa/.test(head);
}

const HEAD_BYTES = 300;

function firstWords(path: string): string {
  return readHead(path, HEAD_BYTES).toString("latin1");
}

function readManifest(root: string): Result<JsonObject, string> {
  const text = readBounded(join(root, "package.json"));
  if (!text.ok) return text;
  try {
    const value: unknown = JSON.parse(text.value);
    if (isJsonObject(value)) return ok(value);
  } catch {
    // Said below.
  }
  return err("it has no package.json that can be read");
}

function binsOf(manifest: JsonObject, packageName: string): Map<string, string> {
  const bin = manifest["bin"];
  if (typeof bin === "string") return new Map([[packageName.replace(/^@[^/]+\//, ""), bin]]);
  if (!isJsonObject(bin)) return new Map();
  return new Map(
    Object.entries(bin).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function licenseOf(manifest: JsonObject, root: string): string | undefined {
  const { license } = manifest;
  if (isJsonObject(license)) return textOf(license["type"]);
  if (typeof license !== "string") return undefined;
  const [, file] = /^SEE LICENSE IN ([\w.-]+)$/i.exec(license) ?? [];
  return (file === undefined ? undefined : recogniseLicense(firstWords(join(root, file)))) ?? license;
}

/** As a link that a browser can follow. */
function repositoryOf(value: JsonValue | undefined): string | undefined {
  const text = textOf(isJsonObject(value) ? value["url"] : value);
  if (text === undefined) return undefined;
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(text);
  if (short !== null) return `https://github.com/${short[1]}`;
  return text
    .replace(/^git\+/, "")
    .replace(/^(?:git|ssh):\/\/(?:git@)?/, "https://")
    .replace(/^git@([^:]+):/, "https://$1/")
    .replace(/\.git(?:#.*)?$/, "");
}

function noCommand({ spec, command }: InstallRequest, names: readonly string[]): string {
  if (command === undefined) return `\`${spec.name}\` has no command to start; it is no server`;
  return `\`${spec.name}\` has no command \`${command}\`; it has: ${names.slice(0, 10).join(", ") || "none"}`;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
