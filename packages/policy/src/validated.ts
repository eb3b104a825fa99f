import type { Result } from "./result.ts";

/** The value of something that validation has accepted before. A failure here is a bug and throws. */
export function validated<T>(result: Result<T, string>): T {
  if (!result.ok) throw new Error(`compiled a document that was not validated: ${result.error}`);
  return result.value;
}
