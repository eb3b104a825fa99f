import { err, ok, type Result } from "@portcullis/policy";
import type { ContactDraft } from "./contact-page.ts";

const MAX_MESSAGE_CHARS = 4_000;
/** RFC 5321 4.5.3.1.3. */
const MAX_ADDRESS_CHARS = 254;

/** What the form was filled in with; the error is the end of a sentence that begins with "Not sent:". */
export function readContact(
  form: URLSearchParams,
): Result<ContactDraft & { readonly isTrapped: boolean }, string> {
  const draft = toDraft(form);
  const { message, replyTo } = draft;
  if (message === "") return err("the message is empty.");
  if (message.length > MAX_MESSAGE_CHARS) return err("the message is longer than 4,000 characters.");
  if (replyTo !== "" && !isAddress(replyTo)) return err("the e-mail address is none.");
  return ok({ ...draft, isTrapped: (form.get("website") ?? "") !== "" });
}

/** As it was typed, cut to what is shown again. */
export function toDraft(form: URLSearchParams): ContactDraft {
  const text = (key: string): string => (form.get(key) ?? "").replace(/\r\n?/g, "\n").trim().toWellFormed();
  return { message: text("message").slice(0, MAX_MESSAGE_CHARS + 1), replyTo: text("replyTo").slice(0, 300) };
}

function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_CHARS && /^[^\s@<>,;:"\\\p{C}]+@[^\s@<>,;:"\\\p{C}]+$/u.test(text);
}
