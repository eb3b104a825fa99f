import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { runBounded } from "./bounded-command.ts";
import { type InstallRequest, installFailure } from "./install-request.ts";
import { chooseCommand, type InstalledPackage, recogniseLicense } from "./installed-package.ts";
import { MAX_TEXT_BYTES, readBounded, readHead } from "./read-bounded.ts";
import { installerEnvironment } from "./throwaway-folder.ts";

/**
 * Installs a PyPI package into a virtual environment, from wheels alone: building a source distribution would run
 * the package's own code. With `uv` where it is there, else with `python3 -m venv` and pip.
 */
export async function installPypi(request: InstallRequest): Promise<Result<InstalledPackage, string>> {
  const { spec, folder, env, alongside, timeoutMs, maxBytes, signal } = request;
  const venv = join(folder.path, "venv");
  const wanted = spec.version === undefined ? spec.name : `${spec.name}==${spec.version}`;
  const endsAtMs = performance.now() + timeoutMs;
  const run = (command: readonly string[]) =>
    runBounded({
      command,
      cwd: folder.path,
      env: { ...installerEnvironment(env, folder), UV_NO_CONFIG: "1", PIP_CONFIG_FILE: "/dev/null" },
      timeoutMs: Math.max(1, endsAtMs - performance.now()),
      folderLimit: { path: folder.path, maxBytes },
      signal,
    });
  const python = join(venv, "bin", "python");
  const hasUv = (await run(["uv", "--version"])).code === 0;
  const made = await run(hasUv ? ["uv", "venv", "--no-project", venv] : ["python3", "-m", "venv", venv]);
  if (made.code !== 0) return err(installFailure(hasUv ? "uv" : "python3", "venv", made));
  const installed = await run(
    hasUv
      ? ["uv", "pip", "install", "--only-binary", ":all:", "--python", python, "--", wanted, ...alongside]
      : [
          python,
          "-m",
          "pip",
          "install",
          "--only-binary=:all:",
          "--no-input",
          "--quiet",
          "--",
          wanted,
          ...alongside,
        ],
  );
  if (installed.code !== 0) return err(installFailure(hasUv ? "uv" : "pip", wanted, installed));
  return readPypiPackage(venv, request);
}

function readPypiPackage(venv: string, request: InstallRequest): Result<InstalledPackage, string> {
  const { spec, command } = request;
  const sitePackages = findSitePackages(venv);
  const info = sitePackages === undefined ? undefined : findInfo(sitePackages, spec.name);
  if (sitePackages === undefined || info === undefined)
    return err(`\`${spec.name}\` left no record of itself`);
  const [entryPoints, about] = [
    readBounded(join(info, "entry_points.txt")),
    readBounded(join(info, "METADATA")),
  ];
  if (!entryPoints.ok) return err(`\`${spec.name}\`: ${entryPoints.error}`);
  if (!about.ok) return err(`\`${spec.name}\`: ${about.error}`);
  const scripts = scriptsOf(entryPoints.value);
  const name = chooseCommand(scripts, spec.name, command);
  if (name === undefined) {
    return err(
      command === undefined
        ? `\`${spec.name}\` has no command to start; it is no server`
        : `\`${spec.name}\` has no command \`${command}\`; it has: ${scripts.slice(0, 10).join(", ") || "none"}`,
    );
  }
  const metadata = headersOf(about.value);
  return ok({
    version: metadata.get("version")?.[0],
    license: licenseOf(metadata) ?? licenseInFile(info),
    title: undefined,
    description: metadata.get("summary")?.[0],
    repository: repositoryOf(metadata),
    registryId: undefined,
    command: [join(venv, "bin", name)],
    sources: join(sitePackages, topFolderOf(info, sitePackages)),
  });
}

function findSitePackages(venv: string): string | undefined {
  const lib = join(venv, "lib");
  const python = existsSync(lib) ? readdirSync(lib).find((name) => name.startsWith("python")) : undefined;
  return python === undefined ? undefined : join(lib, python, "site-packages");
}

/** PEP 503: names are compared with runs of `-_.` as one `-`. */
function findInfo(sitePackages: string, name: string): string | undefined {
  const normal = (text: string) => text.toLowerCase().replace(/[-_.]+/g, "-");
  const found = readdirSync(sitePackages).find((one) => {
    const [, project = ""] = /^(.+)-[^-]+\.dist-info$/.exec(one) ?? [];
    return normal(project) === normal(name);
  });
  return found === undefined ? undefined : join(sitePackages, found);
}

/** The commands under `[console_scripts]`; a name that is a path is not one. */
export function scriptsOf(entryPoints: string): readonly string[] {
  const section = /^\[console_scripts\]\s*$([^[]*)/m.exec(entryPoints)?.[1] ?? "";
  return section
    .split("\n")
    .map((line) => line.split("=")[0]?.trim() ?? "")
    .filter((name) => /^[\w.-]+$/.test(name) && !name.startsWith("."));
}

function headersOf(metadata: string): Map<string, string[]> {
  const [head = ""] = metadata.split("\n\n");
  const headers = new Map<string, string[]>();
  for (const [, name = "", value = ""] of head.matchAll(/^([\w-]+): (.*)$/gm)) {
    const values = headers.get(name.toLowerCase());
    if (values === undefined) headers.set(name.toLowerCase(), [value.trim()]);
    else values.push(value.trim());
  }
  return headers;
}

function licenseOf(metadata: Map<string, string[]>): string | undefined {
  const short = metadata.get("license-expression")?.[0] ?? metadata.get("license")?.[0];
  if (short !== undefined && short.length <= 100) return short;
  const classifier = metadata.get("classifier")?.find((one) => one.startsWith("License :: "));
  return classifier?.split(" :: ").at(-1);
}

/** Where its first words stand. */
const LICENSE_BYTES = 300;

/** PEP 639: the texts lie under `licenses`; before, beside the metadata. */
function licenseInFile(info: string): string | undefined {
  const found = [join(info, "licenses"), info].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  const file = found.find((path) => /[/\\]LICEN[CS]E[^/\\]*$/i.test(path));
  return file === undefined ? undefined : recogniseLicense(readHead(file, LICENSE_BYTES).toString("utf8"));
}

function repositoryOf(metadata: Map<string, string[]>): string | undefined {
  const urls = metadata.get("project-url") ?? [];
  const found = urls.find((one) => /^(?:source|repository|homepage|code)/i.test(one)) ?? urls[0];
  return found?.split(",").at(-1)?.trim();
}

/** The folder that the package's own modules are in: the first of its record that has one. */
function topFolderOf(info: string, sitePackages: string): string {
  // Its beginning is enough: every file of the package is in it.
  const first = readHead(join(info, "RECORD"), MAX_TEXT_BYTES)
    .toString("utf8")
    .split("\n")
    .map((line) => line.split(/[/,]/)[0] ?? "")
    .find((name) => /^\w+$/.test(name) && existsSync(join(sitePackages, name)));
  return first ?? "";
}
