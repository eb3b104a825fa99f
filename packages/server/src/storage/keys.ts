import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import type { Keys, SealPurpose } from "../call/ports.ts";
import { isWellFormedToken } from "./token.ts";

/** PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410 section 7). */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keys of one data folder, all derived from its key file, each for one purpose. */
export class FolderKeys implements Keys {
  readonly #pepper: HmacKey;
  readonly #auditKey: HmacKey;
  readonly #sealKeys: { readonly [purpose in SealPurpose]: SealKey };
  /** Wraps the key of each sealed credential. */
  readonly credentialKey: Buffer;
  /** Signs checkpoints (Ed25519). */
  readonly checkpointKey: KeyObject;

  constructor(root: Buffer) {
    this.#pepper = new HmacKey(derive(root, "grant token pepper"));
    this.#auditKey = new HmacKey(derive(root, "audit argument hmac"));
    this.#sealKeys = {
      cursor: new SealKey(root, "seal cursor"),
      task: new SealKey(root, "seal task"),
      "request-state": new SealKey(root, "seal request state"),
    };
    this.credentialKey = derive(root, "credential wrapping key");
    this.checkpointKey = createPrivateKey({
      key: Buffer.concat([ED25519_PKCS8, derive(root, "checkpoint ed25519 seed")]),
      format: "der",
      type: "pkcs8",
    });
  }

  tokenDigest(token: string): string | undefined {
    return isWellFormedToken(token, "g") ? this.#pepper.digest(token, "base64url") : undefined;
  }

  argumentsHmac(text: string): string {
    return this.#auditKey.digest(text, "hex");
  }

  seal(purpose: SealPurpose, context: string, plain: string): string {
    return this.#sealKeys[purpose].seal(`${purpose}|${context}`, plain);
  }

  unseal(purpose: SealPurpose, context: string, sealed: string): string | undefined {
    return this.#sealKeys[purpose].unseal(`${purpose}|${context}`, sealed);
  }

  /** PEM, for `audit.pub`. */
  checkpointPublicKey(): string {
    return createPublicKey(this.checkpointKey).export({ type: "spki", format: "pem" }).toString();
  }
}

/** RFC 2104: the block of SHA-256. */
const BLOCK_BYTES = 64;
/** Texts that surely take no more are hashed in place; tokens and most arguments are shorter. */
const SCRATCH_BYTES = 8192;
/** Of UTF-8, for each unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * HMAC-SHA256 (RFC 2104) out of two one-shot hashes: on short texts a tenth of the cost of `createHmac`, and the
 * digest of every token is on the line. The inner digest passes as Latin-1, for which Node makes no Buffer.
 */
class HmacKey {
  readonly #scratch = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES, 0x36);
  /** The part of the scratch that the last text in it took: most are of one length. */
  #view = this.#scratch;
  readonly #outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c);

  constructor(key: Buffer) {
    for (const [at, byte] of key.entries()) {
      this.#scratch[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
  }

  digest(text: string, encoding: "hex" | "base64url"): string {
    this.#outer.write(hash("sha256", this.#keyed(text), "binary"), BLOCK_BYTES, "latin1");
    return hash("sha256", this.#outer, encoding);
  }

  /** The inner key and the text. */
  #keyed(text: string): Buffer {
    const most = BLOCK_BYTES + text.length * MAX_BYTES_PER_UNIT;
    if (most > this.#scratch.length) {
      const large = Buffer.allocUnsafe(most);
      this.#scratch.copy(large, 0, 0, BLOCK_BYTES);
      return large.subarray(0, BLOCK_BYTES + large.write(text, BLOCK_BYTES));
    }
    const size = BLOCK_BYTES + this.#scratch.write(text, BLOCK_BYTES);
    if (this.#view.length !== size) this.#view = this.#scratch.subarray(0, size);
    return this.#view;
  }
}

/**
 * AES-256-GCM with a nonce made of the message itself (as in SIV): the same handle in the same context always seals
 * to the same text, so clients can compare ids, and a nonce never serves two different messages.
 */
class SealKey {
  readonly #key: Buffer;
  readonly #nonces: HmacKey;

  constructor(root: Buffer, label: string) {
    this.#key = derive(root, label);
    this.#nonces = new HmacKey(derive(root, `${label} nonce`));
  }

  seal(context: string, plain: string): string {
    const digest = this.#nonces.digest(`${context.length}|${context}|${plain}`, "hex");
    const nonce = Buffer.from(digest, "hex").subarray(0, NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(Buffer.from(context));
    const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64url");
  }

  unseal(context: string, sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    // One spelling only: base64url forgives padding and odd characters.
    if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== sealed) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }
}

/** A fresh key of 32 bytes. */
export function makeRootKey(): Buffer {
  return randomBytes(32);
}

function derive(root: Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync("sha256", root, "portcullis v1", label, 32));
}
