import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 190 bits, so that a plain keyed digest of it is safe to keep. */
const SECRET_LENGTH = 32;
/** 62^6 is above 2^32: the checksum always fits. */
const CHECKSUM_LENGTH = 6;
/** Kinds never parse as one another: `g` is a grant's. */
export type TokenKind = "g";
export type IdPrefix = "srv" | "pol" | "grt" | "org";

/** `pcl_<kind>_<32 base62><6 base62 CRC32>`: secret scanners find it by prefix and checksum. Shown once, never stored. */
export function makeToken(kind: TokenKind): string {
  const body = `pcl_${kind}_${randomBase62(SECRET_LENGTH)}`;
  return `${body}${checksum(body)}`;
}

/** Cheap refusal of what is no token at all, before any digest or lookup (threat 56). */
export function isWellFormedToken(text: string, kind: TokenKind): boolean {
  const prefix = `pcl_${kind}_`;
  if (text.length !== prefix.length + SECRET_LENGTH + CHECKSUM_LENGTH || !text.startsWith(prefix))
    return false;
  let last = 0;
  for (let at = prefix.length; at < text.length; at += 1) {
    const digit = DIGITS[text.charCodeAt(at)] ?? NO_DIGIT;
    if (digit === NO_DIGIT) return false;
    if (at >= text.length - CHECKSUM_LENGTH) last = last * 62 + digit;
  }
  return crc32(text.slice(0, -CHECKSUM_LENGTH)) === last;
}

const NO_DIGIT = 255;
/** The value of each base62 character, by its code. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (const [value, character] of [...ALPHABET].entries()) DIGITS[character.charCodeAt(0)] = value;

/** `srv_`, `pol_`, `grt_` and 16 base62 characters (95 bits). */
export function makeId(prefix: IdPrefix): string {
  return `${prefix}_${randomBase62(16)}`;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let digit = 0; digit < CHECKSUM_LENGTH; digit += 1) {
    digits = `${ALPHABET[rest % 62] ?? ""}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** Rejection sampling: a plain modulo would favour the first eight characters. */
function randomBase62(length: number): string {
  let out = "";
  while (out.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && out.length < length) out += ALPHABET[byte % 62] ?? "";
    }
  }
  return out;
}
