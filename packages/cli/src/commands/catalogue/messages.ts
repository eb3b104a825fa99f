import { existsSync } from "node:fs";
import { join } from "node:path";
import { SqliteContactBox } from "@portcullis/server";
import type { Context } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { toPrintable } from "../../printable.ts";

const MAX_MESSAGES = 1_000;

/** `catalogue messages`: what was left on the contact page, newest first: `[{"id","time","message","replyTo"?}]`. */
export async function catalogueMessages({ dataDir, json, out }: Context): Promise<ExitCode> {
  const file = join(dataDir, "contact.db");
  // Looking must not make the file.
  const messages = existsSync(file) ? readBox(file) : [];
  if (json) {
    out.json(
      messages.map(({ id, atMs, message, replyTo }) => ({
        id,
        time: new Date(atMs).toISOString(),
        message,
        ...(replyTo === undefined ? {} : { replyTo }),
      })),
    );
    return EXIT.ok;
  }
  if (messages.length === 0) out.line("Nobody has left a message.");
  for (const { id, atMs, message, replyTo } of messages) {
    const sender = replyTo === undefined ? "" : `, answer to ${toPrintable(replyTo)}`;
    out.line(out.style("bold", `${id}  ${new Date(atMs).toISOString()}${sender}`));
    // Each line by itself: a stranger wrote them.
    for (const line of message.split(/\r?\n/)) out.line(`  ${toPrintable(line)}`);
  }
  return EXIT.ok;
}

function readBox(file: string) {
  using box = new SqliteContactBox(file);
  return box.list(MAX_MESSAGES);
}
