import { randomBytes } from "node:crypto";

const REQUEST_ID_BYTES = 12;
/** A call to the random source costs the same for one id and for hundreds. */
let randomPool = Buffer.alloc(0);
let randomAt = 0;

/** Names one request in the log and its row. */
export function newRequestId(): string {
  if (randomAt >= randomPool.length) {
    randomPool = randomBytes(REQUEST_ID_BYTES * 256);
    randomAt = 0;
  }
  randomAt += REQUEST_ID_BYTES;
  return randomPool.toString("base64url", randomAt - REQUEST_ID_BYTES, randomAt);
}
