import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { inspect } from "node:util";

/** A secret in memory. However it is printed, it prints `[secret]`; only {@link Secret.reveal} gives it out. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** For the one place that sends it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** Headers or URL of an HTTP server, variables or words of a command, or what `init` took out of a client's file. */
export type CredentialPurpose = "headers" | "environment" | "url" | "command" | "client-entry";

/** What a sealed credential belongs to: bound into the seal, so that rows cannot be swapped. */
export interface CredentialPlace {
  readonly organisation: string;
  readonly server: string;
  readonly version: number;
  readonly purpose: CredentialPurpose;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Names the key that wraps; a later rotation adds another name. */
const KEK_ID = "local1";

/** `v1.<kek_id>.<wrapped_dek>.<nonce>.<ciphertext>`: a fresh key per secret, wrapped by the folder's. */
export function sealCredential(kek: Buffer, place: CredentialPlace, plain: string): string {
  const dek = randomBytes(32);
  const wrapped = encrypt(kek, `${KEK_ID}|${aad(place)}`, dek);
  const sealed = encrypt(dek, aad(place), Buffer.from(plain, "utf8"));
  const nonce = sealed.subarray(0, NONCE_BYTES);
  return ["v1", KEK_ID, text(wrapped), text(nonce), text(sealed.subarray(NONCE_BYTES))].join(".");
}

/** Undefined when it was not sealed with this key for this place. */
export function openCredential(kek: Buffer, place: CredentialPlace, blob: string): Secret | undefined {
  const [version, kekId, wrapped, nonce, sealed, ...rest] = blob.split(".");
  if (version !== "v1" || kekId !== KEK_ID || sealed === undefined || rest.length > 0) return undefined;
  const dek = decrypt(kek, `${KEK_ID}|${aad(place)}`, Buffer.from(wrapped ?? "", "base64url"));
  if (dek === undefined) return undefined;
  const bytes = Buffer.concat([Buffer.from(nonce ?? "", "base64url"), Buffer.from(sealed, "base64url")]);
  const plain = decrypt(dek, aad(place), bytes);
  return plain === undefined ? undefined : new Secret(plain.toString("utf8"));
}

function aad(place: CredentialPlace): string {
  return JSON.stringify([place.organisation, place.server, place.version, place.purpose]);
}

/** Nonce, ciphertext, tag. */
function encrypt(key: Buffer, context: string, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, context: string, bytes: Buffer): Buffer | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES || key.length !== 32) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function text(bytes: Buffer): string {
  return bytes.toString("base64url");
}
