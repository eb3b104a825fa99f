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
  /** SQL. */
  change: z.string(),
  /** Whether the chain is computed anew afterwards; each form is a case. Default: it is not. */
  rehashed: z.record(z.string(), z.boolean()).optional(),
  /** The file of checkpoints beside it. Default: as it is. */
  checkpoints: z.string().optional(),
  /** Nobody kept a checkpoint elsewhere. */
  alone: z.boolean().optional(),
  expect: z.enum(["found", "verified"]),
});

export interface Tampering {
  readonly name: string;
  readonly change: string;
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
  const { id, change, checkpoints = "{{kept}}", alone = false, expect } = written;
  let forms: Tampering[] = Object.entries(written.rehashed ?? { no: false }).map(([label, isRehashed]) => ({
    name: written.rehashed === undefined ? id : `${id}[rehashed: ${label}]`,
    change,
    isRehashed,
    checkpoints,
    isAlone: alone,
    expect,
  }));
  for (const [part, choices] of Object.entries(written.vary ?? {})) {
    forms = forms.flatMap((form) =>
      Object.entries(choices).map(([label, text]) => ({
        ...form,
        name: `${form.name}[${label}]`,
        change: vary(form.change, { [part]: text }, true),
        checkpoints: vary(form.checkpoints, { [part]: text }, true),
      })),
    );
  }
  return forms;
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
}

/** The log of a gateway that allowed and denied, and was stopped as operators stop it. `file` is where it goes. */
export async function keepLog(file: string): Promise<KeptLog> {
  await using world = await openWorld();
  const policy = { version: "1", default: "deny", tools: { any: {} } };
  const place = await openPlace(world, "modern", policy, () => undefined);
  for (const tool of ["any", "delete", "any", "pay", "any", "delete"]) await say(world, place.one, { tool });
  const { ledgerFile, auditPublicKeyFile, checkpointsFile, keys } = world.rig.folder;
  await world.rig.gateway.close();
  // With what is still in the write-ahead log.
  const db = new DatabaseSync(ledgerFile);
  db.exec(`VACUUM INTO '${file}'`);
  db.close();
  const checkpoints = readFileSync(checkpointsFile, "utf8");
  const lastCheckpoint = checkpoints.slice(checkpoints.lastIndexOf("portcullis/"));
  const last = Number(lastCheckpoint.split("\n")[1]);
  const publicKey = readFileSync(auditPublicKeyFile, "utf8");
  return { file, publicKey, privateKey: keys.checkpointKey, checkpoints, lastCheckpoint, last };
}

/** Tampers with a copy of the log, in this file, and verifies it. */
export function tamper(copy: string, written: Tampering, kept: KeptLog): Verification {
  copyFileSync(kept.file, copy);
  const db = new DatabaseSync(copy);
  let values = valuesOf(kept);
  try {
    db.exec(toBytes(written.change, values).toString("utf8"));
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
  const { seq, hash: root } = db.prepare("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").get() ?? {};
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

function valuesOf({ checkpoints, lastCheckpoint, last }: KeptLog): Values {
  return {
    last: String(last),
    kept: checkpoints,
    cut: lastCheckpoint.slice(0, -20),
    otherSize: lastCheckpoint.replace(`\n${last}\n`, "\n4\n"),
    otherRoot: lastCheckpoint.replace(
      /\n([A-Za-z0-9+/=]{20,})\n/,
      (line) => `\n${line.trim().split("").reverse().join("")}\n`,
    ),
  };
}

/** The chain as the gateway computes it, by whoever hides a change. */
function rehash(db: DatabaseSync): void {
  let head: Buffer = Buffer.alloc(32);
  for (const { seq, body } of db.prepare("SELECT seq, body FROM entry ORDER BY seq").all()) {
    head = hash("sha256", Buffer.concat([head, Buffer.from(String(body))]), "buffer");
    db.prepare("UPDATE entry SET hash = ? WHERE seq = ?").run(head, Number(seq));
  }
}
