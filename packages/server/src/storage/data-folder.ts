import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "@portcullis/policy";
import { Database } from "./database.ts";
import { FolderKeys, makeRootKey } from "./keys.ts";

/** Everything that Portcullis keeps, in one folder that only its user can read. */
export interface DataFolder {
  readonly path: string;
  readonly stateFile: string;
  readonly ledgerFile: string;
  readonly checkpointsFile: string;
  readonly auditPublicKeyFile: string;
  readonly keys: FolderKeys;
}

/** What a running gateway says of itself. */
export interface RunningGateway {
  readonly pid: number;
  readonly url: string;
  readonly adminUrl: string;
}

/** Opens the folder, making it and its key on first use. The error is one line that says what to do. */
export function openDataFolder(path: string): Result<DataFolder, string> {
  if (existsSync(path) && !statSync(path).isDirectory()) {
    return err(`\`${path}\` is not a folder; choose another with --data DIR`);
  }
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    return err(`cannot make the data folder \`${path}\` (${codeOf(cause)}); choose another with --data DIR`);
  }
  const probe = join(path, `.write-${process.pid}`);
  try {
    writeFileSync(probe, "", { mode: 0o600 });
    rmSync(probe);
  } catch (cause) {
    return err(`cannot write to the data folder \`${path}\` (${codeOf(cause)}); check its owner and mode`);
  }
  const root = readRootKey(join(path, "key"));
  if (!root.ok) return root;
  const keys = new FolderKeys(root.value);
  const auditPublicKeyFile = join(path, "audit.pub");
  if (!existsSync(auditPublicKeyFile)) writeFileAtomic(auditPublicKeyFile, keys.checkpointPublicKey());
  return ok({
    path,
    stateFile: join(path, "state.db"),
    ledgerFile: join(path, "ledger.db"),
    checkpointsFile: join(path, "checkpoints.log"),
    auditPublicKeyFile,
    keys,
  });
}

/** Holds the folder for one process that writes the ledger. */
export interface FolderLock {
  announce(gateway: RunningGateway): void;
  release(): void;
}

/** Takes the folder for this process, or says which process has it. The system drops the lock of a killed process. */
export function lockDataFolder(folder: DataFolder): Result<FolderLock, string> {
  let lock: Database | undefined;
  try {
    lock = new Database(join(folder.path, "lock.db"), { waitMs: 0 });
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch {
    lock?.close();
    const running = readRunning(folder.path);
    const who = running === undefined ? "another process" : `the gateway with process id ${running.pid}`;
    return err(
      `the data folder \`${folder.path}\` is in use by ${who}; stop it, or choose another with --data DIR`,
    );
  }
  const held = lock;
  const announcement = join(folder.path, "gateway.json");
  return ok({
    announce: (gateway) => writeFileAtomic(announcement, JSON.stringify(gateway)),
    release: () => {
      rmSync(announcement, { force: true });
      held.close();
    },
  });
}

/** The gateway that runs on this folder, as far as its announcement and the process table agree. */
export function readRunning(path: string): RunningGateway | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(join(path, "gateway.json"), "utf8"));
    if (typeof found !== "object" || found === null) return undefined;
    const { pid, url, adminUrl } = found as { [name: string]: unknown };
    if (typeof pid !== "number" || typeof url !== "string" || typeof adminUrl !== "string") return undefined;
    process.kill(pid, 0);
    return { pid, url, adminUrl };
  } catch {
    return undefined;
  }
}

/** 32 bytes in base64, readable by nobody else: made on first start, refused when weak. */
function readRootKey(file: string): Result<Buffer, string> {
  if (!existsSync(file)) writeKeyOnce(file);
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0)
    return err(`the key file \`${file}\` can be read by others; run \`chmod 600 ${file}\``);
  const text = readFileSync(file, "utf8").trim();
  const key = Buffer.from(text, "base64");
  if (key.length !== 32 || new Set(key).size < 12) {
    return err(
      `the key in \`${file}\` is not 32 random bytes in base64; restore it from a backup (--with-key)`,
    );
  }
  return ok(key);
}

/** Two first starts at once must agree on one key: the file appears whole, and only once. */
function writeKeyOnce(file: string): void {
  try {
    writeFileSync(file, `${makeRootKey().toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
  }
}

function writeFileAtomic(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
}
