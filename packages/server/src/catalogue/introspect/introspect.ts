import { randomUUID } from "node:crypto";
import { delimiter, dirname } from "node:path";
import { err, type JsonObject, ok, type Result } from "@portcullis/policy";
import { credentialNames, dummyValue, namesInWords } from "./dummy-values.ts";
import type { InstalledPackage } from "./installed-package.ts";
import { detectIsolation, type Isolation } from "./isolation.ts";
import { listFailure, listOnce, type OnceListed } from "./list-once.ts";
import { installNpm } from "./npm-package.ts";
import type { PackageSpec } from "./package-spec.ts";
import { installPypi } from "./pypi-package.ts";
import { MARK, StrayWatch } from "./stray-processes.ts";
import { makeThrowawayFolder, type ThrowawayFolder } from "./throwaway-folder.ts";

export interface IntrospectOptions {
  /** Which of the package's commands; undefined chooses. */
  readonly command?: string | undefined;
  /** Arguments of the command. `{work}` stands for the empty folder in which it starts. */
  readonly args?: readonly string[] | undefined;
  /** Requirements of PyPI to install with it: some servers need an older SDK than they ask for. Ours, not a stranger's. */
  readonly alongside?: readonly string[] | undefined;
  /** The environment that the harmless few are taken from. Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly installMs?: number | undefined;
  /** Of everything that is installed. */
  readonly maxInstalledBytes?: number | undefined;
  /** For all starts together. */
  readonly startMs?: number | undefined;
  readonly isolation?: Isolation | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** Told, in words, what of the package could not be taken away again. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** What a package showed. Everything in it is its own word. */
export interface Introspection {
  readonly spec: PackageSpec;
  readonly installed: Omit<InstalledPackage, "command" | "sources">;
  /** As they were sent. */
  readonly tools: readonly JsonObject[];
  readonly era: "legacy" | "modern";
  /** Whether the server could have reached anybody; `open` also says that a process that hid may have outlived it. */
  readonly network: Isolation["network"];
  /** Names of variables that were given a made-up value. */
  readonly dummies: readonly string[];
}

const INSTALL_MS = 180_000;
/** Servers bring hundreds of megabytes along; one that brings CUDA is beyond it, as is a small archive of zeros. */
const MAX_INSTALLED_BYTES = 4 * 1024 ** 3;
const START_MS = 60_000;
/** A server that asks for one variable after another is not asked for ever. */
const MAX_STARTS = 4;

/**
 * Installs a package into a throw-away folder without running its scripts, starts it there without credentials and,
 * where the system allows, without network, and takes its list of tools. Never calls one. No file of the package stays
 * in the folder, and where the network is `none` no process of it: both are the kernel's word. Where it is `open`, the
 * processes that `StrayWatch` finds are ended, on Linux; elsewhere its process group.
 */
export async function introspect(
  spec: PackageSpec,
  options: IntrospectOptions = {},
): Promise<Result<Introspection, string>> {
  using folder = makeThrowawayFolder(options.onWarning ?? (() => {}));
  const install = spec.registry === "npm" ? installNpm : installPypi;
  options.onStep?.(`installing ${spec.name}`);
  const installed = await install({
    spec,
    folder,
    env: options.env ?? process.env,
    command: options.command,
    alongside: options.alongside ?? [],
    timeoutMs: options.installMs ?? INSTALL_MS,
    maxBytes: options.maxInstalledBytes ?? MAX_INSTALLED_BYTES,
    signal: options.signal,
  });
  if (!installed.ok) return installed;
  options.onStep?.(`listing the tools of ${spec.name}`);
  // Awaited here, because the folder is gone once this returns.
  return await startAndList(spec, installed.value, folder, options);
}

async function startAndList(
  spec: PackageSpec,
  installed: InstalledPackage,
  folder: ThrowawayFolder,
  options: IntrospectOptions,
): Promise<Result<Introspection, string>> {
  const isolation = options.isolation ?? detectIsolation();
  const endsAtMs = performance.now() + (options.startMs ?? START_MS);
  const dummies = new Set(credentialNames(installed.sources));
  for (let start = 1; ; start += 1) {
    const once = await startOnce(installed, folder, isolation, [...dummies], endsAtMs, options);
    if (once.listed.ok) {
      const { command: _command, sources: _sources, ...about } = installed;
      const { tools, era } = once.listed.value;
      return ok({ spec, installed: about, tools, era, network: isolation.network, dummies: [...dummies] });
    }
    const asked = namesInWords(once.lines).filter((name) => !dummies.has(name));
    const isOver = start === MAX_STARTS || performance.now() >= endsAtMs || options.signal?.aborted === true;
    if (isOver || asked.length === 0) return err(`\`${spec.name}\`: ${failureOf(once)}`);
    for (const name of asked) dummies.add(name);
  }
}

async function startOnce(
  installed: InstalledPackage,
  folder: ThrowawayFolder,
  isolation: Isolation,
  dummies: readonly string[],
  endsAtMs: number,
  options: IntrospectOptions,
): Promise<OnceListed> {
  const mark = randomUUID();
  const watch = new StrayWatch(mark, folder.path);
  const args = (options.args ?? []).map((arg) => arg.replaceAll("{work}", folder.work));
  try {
    return await listOnce({
      command: isolation.wrap([...installed.command, ...args]),
      env: {
        ...Object.fromEntries(dummies.map((name) => [name, dummyValue(name, folder.work)])),
        ...startEnvironment(options.env ?? process.env, folder),
        [MARK]: mark,
      },
      workingDirectory: folder.work,
      timeoutMs: Math.max(1, endsAtMs - performance.now()),
      signal: options.signal,
    });
  } finally {
    const left = await watch.end();
    if (left > 0) options.onWarning?.(`${left} of its processes could not be ended`);
  }
}

/** Where programs are, and a home of its own: nothing else of ours. */
function startEnvironment(
  source: NodeJS.ProcessEnv,
  folder: ThrowawayFolder,
): { readonly [name: string]: string } {
  return {
    PATH: [dirname(process.execPath), source["PATH"] ?? ""].join(delimiter),
    HOME: folder.home,
    USERPROFILE: folder.home,
    TMPDIR: folder.work,
    LANG: "C.UTF-8",
    CI: "1",
    ...(process.platform === "win32" ? { SystemRoot: source["SystemRoot"] ?? "" } : {}),
  };
}

function failureOf({ listed, lines }: OnceListed): string {
  const reason = listed.ok ? "" : listFailure(listed.error);
  const last = lines.findLast((line) => line.trim() !== "");
  return last === undefined ? reason : `${reason}; its last words: ${last.trim().slice(0, 200)}`;
}
