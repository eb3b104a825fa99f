import { createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

/** What a checkpoint vouches for: the chain up to an entry, as it was at a time. */
export interface Checkpoint {
  readonly organisation: string;
  /** `seq` of the last entry. */
  readonly size: number;
  /** Hash of the last entry, hex. */
  readonly root: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Name of the signer in notes (C2SP signed-note). */
const SIGNER = "portcullis-audit";
/** Algorithm byte of Ed25519 in C2SP signed-note. */
const ED25519 = 0x01;

/**
 * A signed note (C2SP signed-note): the text, an empty line, a signature line. Organisation, size, root in base64,
 * and the time as an extension line, as C2SP tlog-checkpoint lays out.
 */
export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): string {
  const text = toText(checkpoint);
  const signature = sign(null, Buffer.from(text), key);
  const id = signerId(key);
  return `${text}\n— ${SIGNER} ${Buffer.concat([id, signature]).toString("base64")}\n`;
}

/** The checkpoint of a note that this key signed; undefined for anything else. */
export function openCheckpoint(note: string, publicKey: KeyObject): Checkpoint | undefined {
  const match =
    /^(portcullis\/(\S+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)\ntime (\d{1,15})\n)\n— portcullis-audit (\S+)\n?$/.exec(
      note,
    );
  if (match === null) return undefined;
  const [, text = "", organisation = "", size = "", root = "", time = "", line = ""] = match;
  const bytes = Buffer.from(line, "base64");
  if (!bytes.subarray(0, 4).equals(keyId(publicKey))) return undefined;
  if (!verify(null, Buffer.from(text), publicKey, bytes.subarray(4))) return undefined;
  return {
    organisation,
    size: Number(size),
    root: Buffer.from(root, "base64").toString("hex"),
    time: Number(time),
  };
}

/** What a note says of its size, whoever signed it; not a number for what is no note. */
export function sizeOfNote(note: string): number {
  return Number(/^portcullis\/\S+\n(\d{1,15})\n/.exec(note)?.[1]);
}

/** The head of the chain that a note speaks of, hex, whoever signed it; undefined for what is no note. */
export function rootOfNote(note: string): string | undefined {
  const base64 = /^portcullis\/\S+\n\d{1,15}\n([A-Za-z0-9+/]{43}=)\n/.exec(note)?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("hex");
}

/** When a note says that it was made, milliseconds since 1970; not a number for what is no note. */
export function timeOfNote(note: string): number {
  return Number(/\ntime (\d{1,15})\n/.exec(note)?.[1]);
}

/** Every note of a text in which they follow one another. */
export function splitNotes(text: string): readonly string[] {
  return text.split(/(?<=\n— portcullis-audit \S+\n)/).filter((note) => note.trim() !== "");
}

function toText({ organisation, size, root, time }: Checkpoint): string {
  return `portcullis/${organisation}\n${size}\n${Buffer.from(root, "hex").toString("base64")}\ntime ${time}\n`;
}

const signerIds = new WeakMap<KeyObject, Buffer>();

/** The id of the public half of `key`, which takes longer to export than a note to sign. */
function signerId(key: KeyObject): Buffer {
  const known = signerIds.get(key) ?? keyId(createPublicKey(key));
  signerIds.set(key, known);
  return known;
}

/** C2SP signed-note: the first four bytes of SHA-256(name || 0x0A || algorithm || key). */
function keyId(publicKey: KeyObject): Buffer {
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const bytes = Buffer.concat([Buffer.from(`${SIGNER}\n`), Buffer.from([ED25519]), raw]);
  return hash("sha256", bytes, "buffer").subarray(0, 4);
}
