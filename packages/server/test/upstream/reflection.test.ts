import { describe, expect, test } from "vitest";
import type { Exchange, UpstreamRequest, UpstreamSink } from "../../src/call/ports.ts";
import type { Server } from "../../src/call/records.ts";
import { ReflectionFilter } from "../../src/upstream/reflection.ts";
import { listener, postTo, serverAt } from "./harness.ts";

const SECRET = 'pass "word"/+=ü 1234567890';
const SERVER = serverAt("http://unused.invalid/");

/** What a client hears of a server that sends `text`, in both ways of answering. */
async function heardOf(text: string, secrets: (server: Server) => readonly string[]) {
  const noted: string[] = [];
  let opened = 0;
  const inner = {
    open({ verb }: UpstreamRequest, sink: UpstreamSink): Exchange {
      opened += 1;
      queueMicrotask(() => {
        if (verb === "POST") sink.onAnswer(200, Buffer.from(text), undefined);
        else sink.onEvent({ data: text, id: undefined, event: undefined, retryMs: undefined });
        if (verb === "GET") sink.onEnd();
      });
      return { cancel() {}, pause() {}, resume() {} };
    },
  };
  const filter = new ReflectionFilter(inner, {
    secrets,
    onReflected: ({ name }) => noted.push(`reflected ${name}`),
    onUnreadable: ({ name }) => noted.push(`unreadable ${name}`),
  });
  const [whole, event] = [listener(), listener()];
  filter.open(postTo(SERVER), whole.sink);
  filter.open(postTo(SERVER, { verb: "GET" }), event.sink);
  return { whole: await whole.done, event: await event.done, opened, noted };
}

describe("a credential in an answer (threat 46)", () => {
  const bytes = Buffer.from(SECRET);
  const json = JSON.stringify(SECRET).slice(1, -1);
  test.each([
    { spelling: "as it is", text: SECRET },
    { spelling: "in a JSON text", text: json },
    { spelling: "with escaped slashes", text: json.replaceAll("/", "\\/") },
    { spelling: "in JSON in a JSON text", text: JSON.stringify(json).slice(1, -1) },
    { spelling: "for a URL", text: encodeURIComponent(SECRET) },
    { spelling: "in hexadecimal", text: bytes.toString("hex") },
    { spelling: "in hexadecimal, upper case", text: bytes.toString("hex").toUpperCase() },
    { spelling: "after its scheme alone", text: '"word"/+=ü 1234567890' },
  ])("$spelling", async ({ text }) => {
    const heard = await heardOf(`<${text}> and <${text}>`, () => [SECRET]);
    const clean = "<[redacted]> and <[redacted]>";
    expect(heard).toEqual({
      whole: [{ answer: 200, body: clean }],
      event: [{ event: clean }, { end: true }],
      opened: 2,
      noted: ["reflected notes", "reflected notes"],
    });
  });

  test.each(["base64", "base64url"] as const)("in %s, but for its last characters", async (encoding) => {
    const { whole } = await heardOf(`<${bytes.toString(encoding)}>`, () => [SECRET]);
    expect(whole).toMatchObject([{ body: expect.stringMatching(/^<\[redacted\].?=*>$/) }]);
  });

  test("an answer without it passes byte for byte; so does what is too short to be a secret", async () => {
    const heard = await heardOf('{"a": "short"}', () => [SECRET, "short"]);
    expect([heard.whole, heard.noted]).toEqual([[{ answer: 200, body: '{"a": "short"}' }], []]);
  });

  test("where the secret cannot be opened, nothing is sent", async () => {
    const heard = await heardOf("x", () => {
      throw new Error("the wrong key");
    });
    const failed = [{ fail: { kind: "unreachable", sent: false } }];
    const noted = ["unreadable notes", "unreadable notes"];
    expect(heard).toEqual({ whole: failed, event: failed, opened: 0, noted });
  });
});
