/** Mutates the bytes of hostile answers: whatever a server sends, the client is answered and the gateway lives. */
import fc from "fast-check";
import { type Answer, bytesOf, valuesFor } from "./answers.ts";
import type { World } from "./cells.ts";
import { openPlace, say } from "./conversation.ts";
import { readReply } from "./reply.ts";

const WORDS = [
  ...'0 ffffffff -1 { } [ ] " : , data: id: retry: event: \0 \ufeff'.split(" "),
  ..."\r\n|\n|\r|\r\n\r\n|\n\n|HTTP/1.1 200 OK\r\n|HTTP/1.1 100 Continue\r\n\r\n".split("|"),
  ..."Connection: close\r\n|Connection: keep-alive\r\n|Transfer-Encoding: chunked\r\n".split("|"),
  ..."Content-Length: 3\r\n|Content-Encoding: gzip\r\n|Upgrade: h2c\r\n|Mcp-Session-Id: a\r\n".split("|"),
];

const change = fc.record({ at: fc.nat(), cut: fc.nat({ max: 12 }), word: fc.nat() });
/** Longer answers are the corpus's own business. */
const MAX_BYTES = 20_000;

/** `runs` inputs; the first that is wrong, in words. */
export async function runAnswerMutations(
  answers: readonly Answer[],
  world: World,
  runs: number,
  seed: number,
): Promise<string | undefined> {
  let next: Buffer = Buffer.alloc(0);
  let ends: "close" | "reset" = "close";
  let pieceBytes = 1;
  const place = await openPlace(world, "stateless", { version: "1", default: "allow" }, ({ message }) => {
    if (message?.["method"] !== "tools/call") return undefined;
    const pieces: Buffer[] = [];
    for (let at = 0; at < next.length; at += pieceBytes) pieces.push(next.subarray(at, at + pieceBytes));
    return { pieces, ends };
  });
  const property = fc.asyncProperty(
    fc.nat({ max: answers.length - 1 }),
    fc.array(change, { maxLength: 4 }),
    fc.integer({ min: 7, max: 50_000 }),
    fc.boolean(),
    async (at, changes, size, isReset) => {
      const answer = answers[at];
      if (answer === undefined) return;
      const bytes = bytesOf(answer, valuesFor("1", "no-credential", "legacy"));
      if (bytes.length > MAX_BYTES) return;
      next = changes.reduce(changed, bytes);
      ends = isReset ? "reset" : "close";
      pieceBytes = size;
      const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"any","arguments":{}}}';
      const reply = readReply(await say(world, place.one, { body }));
      if (reply.status === 0 || (reply.status ?? 0) >= 500)
        throw new Error(`HTTP ${reply.status} for ${JSON.stringify(next.toString("latin1"))}`);
    },
  );
  const outcome = await fc.check(property, { numRuns: runs, seed });
  return outcome.failed ? `${String(outcome.errorInstance)}\n${fc.defaultReportMessage(outcome)}` : undefined;
}

function changed(
  bytes: Buffer,
  { at, cut, word }: { readonly at: number; readonly cut: number; readonly word: number },
): Buffer {
  const from = at % (bytes.length + 1);
  const more = Buffer.from(WORDS[word % WORDS.length] ?? "");
  return Buffer.concat([bytes.subarray(0, from), more, bytes.subarray(from + cut)]);
}
