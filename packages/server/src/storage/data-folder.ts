import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
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
  const made = makeFolder(path);
  if (!made.ok) return made;
  const stateFile = join(path, "state.db");
  try {
    const root = readRootKey(join(path, "key"), existsSync(stateFile));
    if (!root.ok) return root;
    const keys = new FolderKeys(root.value);
    const auditPublicKeyFile = join(path, "audit.pub");
    const published = publishAuditKey(auditPublicKeyFile, keys.checkpointPublicKey());
    if (!published.ok) return published;
    return ok({
      path,
      stateFile,
      ledgerFile: join(path, "ledger.db"),
      checkpointsFile: join(path, "checkpoints.log"),
      auditPublicKeyFile,
      keys,
    });
  } catch (cause) {
    return err(`cannot use the data folder \`${path}\` (${codeOf(cause)}); check its owner and mode`);
  }
}

/** Holds the folder for one process that writes the ledger. */
export interface FolderLock {
  announce(gateway: RunningGateway): void;
  release(): void;
}

/** A starting gateway waits this long for a command that only looks whether one is running. */
const LOCK_TIMEOUT_MS = 500;

/** Takes the folder for this process, or says which process has it. The system drops the lock of a killed process. */
export function lockDataFolder({ path }: Pick<DataFolder, "path">): Result<FolderLock, string> {
  const lock = takeLock(path, LOCK_TIMEOUT_MS);
  if (!lock.ok) return lock;
  const announcement = join(path, "gateway.json");
  // Left behind by a gateway that was killed.
  rmSync(announcement, { force: true });
  held.add(lock.value);
  return ok({
    announce: (gateway) => writeFileAtomic(announcement, JSON.stringify(gateway)),
    release: () => {
      if (!held.delete(lock.value)) return;
      rmSync(announcement, { force: true });
      lock.value.close();
    },
  });
}

/** INVARIANT: a lock that nobody refers to any more would be collected as garbage, which opens it. */
const held = new Set<Database>();

/** The gateway that runs on this folder now; undefined when none does, or it is not ready yet. */
export function readRunning(path: string): RunningGateway | undefined {
  const announced = readAnnouncement(path);
  if (announced === undefined || !existsSync(join(path, "lock.db"))) return undefined;
  // A free lock proves that the announcement is a killed gateway's: process ids are used again.
  const lock = takeLock(path, 0);
  if (!lock.ok) return announced;
  lock.value.close();
  return undefined;
}

/** An exclusive transaction that is held open locks the file and writes nothing. */
function takeLock(path: string, waitMs: number): Result<Database, string> {
  let lock: Database | undefined;
  try {
    lock = new Database(join(path, "lock.db"), { waitMs, journal: "rollback" });
    lock.exec("BEGIN EXCLUSIVE");
    return ok(lock);
  } catch (cause) {
    lock?.close();
    if (!(cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY)) {
      return err(
        `cannot lock the data folder \`${path}\` (${codeOf(cause)}); check the owner and mode of lock.db`,
      );
    }
    const running = readAnnouncement(path);
    const who = running === undefined ? "another process" : `the gateway with process id ${running.pid}`;
    return err(`the data folder \`${path}\` is in use by ${who}; stop it, or choose another with --data DIR`);
  }
}

const SQLITE_BUSY = 5;

function readAnnouncement(path: string): RunningGateway | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(join(path, "gateway.json"), "utf8"));
    if (typeof found !== "object" || found === null) return undefined;
    const { pid, url, adminUrl } = found as { [name: string]: unknown };
    if (typeof pid !== "number" || typeof url !== "string" || typeof adminUrl !== "string") return undefined;
    return { pid, url, adminUrl };
  } catch {
    return undefined;
  }
}

function makeFolder(path: string): Result<void, string> {
  try {
    makeWithParents(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "EEXIST" || code === "ENOTDIR") {
      return err(`\`${path}\` is not a folder; choose another with --data DIR`);
    }
    return err(
      `cannot write to the data folder \`${path}\` (${code}); check its owner and mode, or choose another with --data DIR`,
    );
  }
}

/** Node's own `recursive` never returns where a file system says that an existing parent is not there (`/proc`). */
function makeWithParents(path: string): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeWithParents(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    // Another process was first.
    if (codeOf(cause) !== "EEXIST" || !isFolder(path)) throw cause;
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** Fewer different values among 32 bytes do not happen by chance. */
const MIN_DISTINCT_BYTES = 12;

/** 32 bytes in base64, readable by nobody else: made on first start, refused when weak. */
function readRootKey(file: string, hasData: boolean): Result<Buffer, string> {
  if (!existsSync(file)) {
    // A fresh key here would end every grant and lose every sealed credential without a word.
    if (hasData) return err(`the key file \`${file}\` is missing; restore it from a backup (--with-key)`);
    writeKeyOnce(file);
  }
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    return err(`the key file \`${file}\` can be read by others; run \`chmod 600 ${file}\``);
  }
  const text = readFileSync(file, "utf8").trim();
  const key = Buffer.from(text, "base64");
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  if (!isBase64 || key.length !== 32 || new Set(key).size < MIN_DISTINCT_BYTES) {
    return err(
      `the key in \`${file}\` is not 32 random bytes in base64; restore it from a backup (--with-key)`,
    );
  }
  return ok(key);
}

/** Two first starts at once must agree on one key: the file appears whole, and only once. */
function writeKeyOnce(file: string): void {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${makeRootKey().toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
  try {
    linkSync(draft, file);
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A log that one key signed and another is said to have signed would never verify again. */
function publishAuditKey(file: string, publicKey: string): Result<void, string> {
  if (!existsSync(file)) writeFileAtomic(file, publicKey);
  if (readFileSync(file, "utf8").trim() === publicKey.trim()) return ok(undefined);
  return err(`\`${file}\` does not belong to the key file beside it; restore both from the same backup`);
}

function writeFileAtomic(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
}
