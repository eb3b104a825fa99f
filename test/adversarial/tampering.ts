/** What is done to a log on the disk, and whether `log verify` finds it. `tampering/tampering.yaml` has the data. */
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Verification, verifyLedger } from "@portcullis/server";
import { parse } from "yaml";
import { z } from "zod";
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
  expect: z.enum(["found", "verified"]),
});

export interface Tampering {
  readonly name: string;
  readonly change: string;
  readonly isRehashed: boolean;
  readonly checkpoints: string;
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
  const { id, change, checkpoints = "{{kept}}", expect } = written;
  let forms: Tampering[] = Object.entries(written.rehashed ?? { no: false }).map(([label, isRehashed]) => ({
    name: written.rehashed === undefined ? id : `${id}[rehashed: ${label}]`,
    change,
    isRehashed,
    checkpoints,
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
  readonly publicKey: string;
  /** The text of the checkpoints; the last one is kept elsewhere too. */
  readonly checkpoints: string;
  readonly lastCheckpoint: string;
  readonly last: number;
}

/** Tampers with `file`, a copy of the log, and verifies it. */
export function tamper(file: string, written: Tampering, kept: KeptLog): Verification {
  const values = valuesOf(kept);
  const db = new DatabaseSync(file);
  try {
    db.exec(toBytes(written.change, values).toString("utf8"));
    if (written.isRehashed) rehash(db);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
  return verifyLedger({
    ledgerFile: file,
    publicKey: kept.publicKey,
    checkpoints: toBytes(written.checkpoints, values).toString("utf8"),
    outsideCheckpoint: kept.lastCheckpoint,
  });
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
