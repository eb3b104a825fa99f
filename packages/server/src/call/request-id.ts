import { randomBytes } from "node:crypto";

/** 96 bits, six in each character. */
const ID_LENGTH = 16;
const IDS_AT_ONCE = 256;
/** A call to the random source costs the same for one id and for hundreds. */
let pool = "";
let taken = 0;

/** Names one request in the log and its row. */
export function newRequestId(): string {
  if (taken === pool.length) {
    pool = randomBytes((ID_LENGTH * IDS_AT_ONCE * 6) / 8).toString("base64url");
    taken = 0;
  }
  taken += ID_LENGTH;
  return pool.slice(taken - ID_LENGTH, taken);
}
