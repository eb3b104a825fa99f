/** What is done to a log on the disk, and whether `log verify` finds it. `tampering/tampering.yaml` has the data. */
import { hash, type KeyObject } from "node:crypto";
import { copyFileSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Verification, verifyLedger } from "@portcullis/server";
import { parse } from "yaml";
import { z } from "zod";
import { signCheckpoint } from "../../packages/server/src/audit/checkpoint.ts";
import { openWorld } from "./cells.ts";
import { openPlace, say } from "./conversation.ts";
import { toBytes, type Values, vary } from "./template.ts";

const TAMPERING = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  note: z.string().optional(),
  vary: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** SQL on a table `entry (seq, block, body)`, of which the blocks are then made again. */
  entries: z.string().optional(),
  /** SQL on the file itself. */
  change: z.string().optional(),
  /** Whether the blocks get numbers that fit afterwards; each form is a case. Default: they keep theirs. */
  renumbered: z.record(z.string(), z.boolean()).optional(),
  /** The same of hashes. */
  rehashed: z.record(z.string(), z.boolean()).optional(),
  /** The file of checkpoints beside it. Default: as it is. */
  checkpoints: z.string().optional(),
  /** Nobody kept a checkpoint elsewhere. */
  alone: z.boolean().optional(),
  expect: z.enum(["found", "verified"]),
});

export interface Tampering {
  readonly name: string;
  readonly entries: string;
  readonly change: string;
  readonly isRenumbered: boolean;
  readonly isRehashed: boolean;
  readonly checkpoints: string;
  readonly isAlone: boolean;
  readonly expect: "found" | "verified";
}

/** Every case, once per product of its forms. */
export function readTampering(): readonly Tampering[] {
  const file = new URL("./tampering/tampering.yaml", import.meta.url);
  const shape = z.strictObject({ about: z.string(), cases: z.array(TAMPERING).min(1) });
  const read = shape.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`tampering.yaml: ${z.prettifyError(read.error)}`);
  return read.data.cases.flatMap(expand);
}

function expand(written: z.infer<typeof TAMPERING>): readonly Tampering[] {
  const { id, entries = "", change = "", checkpoints = "{{kept}}", alone = false, expect } = written;
  const first = { name: id, entries, change, checkpoints, isAlone: alone, expect };
  let forms = formsOf("renumbered", written.renumbered).flatMap((renumbered) =>
    formsOf("rehashed", written.rehashed).map((rehashed) => ({
      ...first,
      name: first.name + renumbered.label + rehashed.label,
      isRenumbered: renumbered.isSo,
      isRehashed: rehashed.isSo,
    })),
  );
  for (const [part, choices] of Object.entries(written.vary ?? {})) {
    forms = forms.flatMap((form) =>
      Object.entries(choices).map(([label, text]) => ({
        ...form,
        name: `${form.name}[${label}]`,
        entries: vary(form.entries, { [part]: text }, true),
        change: vary(form.change, { [part]: text }, true),
        checkpoints: vary(form.checkpoints, { [part]: text }, true),
      })),
    );
  }
  return forms;
}

function formsOf(what: string, forms: { readonly [label: string]: boolean } | undefined) {
  if (forms === undefined) return [{ label: "", isSo: false }];
  return Object.entries(forms).map(([label, isSo]) => ({ label: `[${what}: ${label}]`, isSo }));
}

/** A log that was closed, and what its last checkpoint says. */
export interface KeptLog {
  /** A copy of its database; changes are made to copies of it. */
  readonly file: string;
  readonly publicKey: string;
  /** For whoever has stolen it. */
  readonly privateKey: KeyObject;
  /** The text of the checkpoints; the last one is kept elsewhere too. */
  readonly checkpoints: string;
  readonly lastCheckpoint: string;
  readonly last: number;
  /** Number of the block behind the last entry that a checkpoint saw. */
  readonly next: number;
  /** Number of a block of several entries, with others before it and before the last one. */
  readonly long: number;
}

/** The log of a gateway that allowed and denied, and was stopped as operators stop it. `file` is where it goes. */
export async function keepLog(file: string): Promise<KeptLog> {
  await using world = await openWorld();
  const policy = { version: "1", default: "deny", tools: { any: {} } };
  const place = await openPlace(world, "modern", policy, () => undefined);
  const tools = ["any", "delete", "any", "pay", "any", "delete"];
  for (const tool of tools) await say(world, place.one, { tool });
  // At once, so that some are committed together.
  await Promise.all([...tools, ...tools].map((tool) => say(world, place.one, { tool })));
  for (const tool of tools) await say(world, place.one, { tool });
  const { ledgerFile, auditPublicKeyFile, checkpointsFile, keys } = world.rig.folder;
  await world.rig.gateway.close();
  // With what is still in the write-ahead log.
  const db = new DatabaseSync(ledgerFile);
  db.exec(`VACUUM INTO '${file}'`);
  const sizes = readSizes(db);
  db.close();
  const checkpoints = readFileSync(checkpointsFile, "utf8");
  const lastCheckpoint = checkpoints.slice(checkpoints.lastIndexOf("portcullis/"));
  const last = Number(lastCheckpoint.split("\n")[1]);
  const publicKey = readFileSync(auditPublicKeyFile, "utf8");
  const next = sizes.find(({ seq }) => seq > last)?.seq ?? Number.NaN;
  const long = sizes.slice(1).find(({ seq, size }) => seq < last && size > 1)?.seq ?? Number.NaN;
  return { file, publicKey, privateKey: keys.checkpointKey, checkpoints, lastCheckpoint, last, next, long };
}

/** How many entries each block has. */
function readSizes(db: DatabaseSync): readonly { readonly seq: number; readonly size: number }[] {
  const seqs = db.prepare("SELECT seq FROM block ORDER BY seq").all();
  return seqs.map(({ seq }, at) => ({
    seq: Number(seq),
    size: Number(seq) - Number(seqs[at - 1]?.["seq"] ?? 0),
  }));
}

/** Tampers with a copy of the log, in this file, and verifies it. */
export function tamper(copy: string, written: Tampering, kept: KeptLog): Verification {
  copyFileSync(kept.file, copy);
  const db = new DatabaseSync(copy);
  let values = valuesOf(kept);
  try {
    if (written.entries !== "") changeEntries(db, toBytes(written.entries, values).toString("utf8"));
    db.exec(toBytes(written.change, values).toString("utf8"));
    if (written.isRenumbered) renumber(db);
    if (written.isRehashed) rehash(db);
    if (written.checkpoints.includes("{{signed}}")) values = { ...values, signed: signAnew(db, kept) };
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
  return verifyLedger({
    ledgerFile: copy,
    publicKey: kept.publicKey,
    checkpoints: toBytes(written.checkpoints, values).toString("utf8"),
    ...(written.isAlone ? {} : { outsideCheckpoint: kept.lastCheckpoint }),
  });
}

/** A checkpoint of the changed log, by whoever has the key. */
function signAnew(db: DatabaseSync, { privateKey, lastCheckpoint }: KeptLog): string {
  const { seq, hash: root } = db.prepare("SELECT seq, hash FROM block ORDER BY seq DESC LIMIT 1").get() ?? {};
  const organisation = /^portcullis\/(\S+)/.exec(lastCheckpoint)?.[1] ?? "";
  const time = Number(/^time (\d+)$/m.exec(lastCheckpoint)?.[1]);
  const checkpoint = {
    organisation,
    size: Number(seq),
    root: Buffer.from(root as Uint8Array).toString("hex"),
    time,
  };
  return signCheckpoint(checkpoint, privateKey);
}

function valuesOf({ checkpoints, lastCheckpoint, last, next, long }: KeptLog): Values {
  return {
    last: String(last),
    next: String(next),
    long: String(long),
    kept: checkpoints,
    cut: lastCheckpoint.slice(0, -20),
    otherSize: lastCheckpoint.replace(`\n${last}\n`, "\n4\n"),
    otherRoot: lastCheckpoint.replace(
      /\n([A-Za-z0-9+/=]{20,})\n/,
      (line) => `\n${line.trim().split("").reverse().join("")}\n`,
    ),
  };
}

interface Block {
  readonly seq: number;
  readonly bodies: Uint8Array;
  readonly hash: Uint8Array;
}

function readBlocks(db: DatabaseSync): readonly Block[] {
  return db.prepare("SELECT seq, bodies, hash FROM block ORDER BY seq").all() as unknown as readonly Block[];
}

function writeBlocks(db: DatabaseSync, blocks: readonly Block[]): void {
  db.exec("DELETE FROM block");
  const insert = db.prepare("INSERT INTO block (seq, bodies, hash) VALUES (?, ?, ?)");
  for (const { seq, bodies, hash } of blocks) insert.run(seq, bodies, hash);
}

/** Takes the blocks to pieces, changes those, and puts them together; a block that had none has no hash. */
function changeEntries(db: DatabaseSync, change: string): void {
  const blocks = readBlocks(db);
  db.exec("CREATE TEMP TABLE entry (seq INTEGER, block INTEGER, body TEXT)");
  const insert = db.prepare("INSERT INTO entry (seq, block, body) VALUES (?, ?, ?)");
  for (const { seq, bodies } of blocks) {
    const lines = Buffer.from(bodies).toString().split("\n");
    for (const [at, line] of lines.entries()) insert.run(seq - lines.length + 1 + at, seq, line);
  }
  db.exec(change);
  const entries = db.prepare("SELECT block, body FROM entry ORDER BY block, seq").all();
  const hashes = new Map(blocks.map(({ seq, hash }) => [seq, hash]));
  const changed = [...Map.groupBy(entries, ({ block }) => Number(block))].map(([seq, some]) => ({
    seq,
    bodies: Buffer.from(some.map(({ body }) => String(body)).join("\n")),
    hash: hashes.get(seq) ?? new Uint8Array(32),
  }));
  writeBlocks(db, changed);
}

/** The numbers as the gateway gives them, by whoever hides a change. */
function renumber(db: DatabaseSync): void {
  let last = 0;
  const blocks = readBlocks(db).map((block) => {
    last += Buffer.from(block.bodies).toString().split("\n").length;
    return { ...block, seq: last };
  });
  writeBlocks(db, blocks);
}

/** The same of the chain. */
function rehash(db: DatabaseSync): void {
  const anchor = db.prepare("SELECT hash FROM anchor").get()?.["hash"] as Uint8Array | undefined;
  let head = anchor ?? new Uint8Array(32);
  const blocks = readBlocks(db).map((block) => {
    head = hash("sha256", Buffer.concat([head, block.bodies]), "buffer");
    return { ...block, hash: head };
  });
  writeBlocks(db, blocks);
}
