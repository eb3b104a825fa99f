import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SqliteContactBox } from "../../src/catalogue/contact-box.ts";
import { AddressThrottle } from "../../src/catalogue/pages/throttle.ts";
import { openIndex, openSite } from "./site-fixture.ts";

function open() {
  return openSite(openIndex([]).reader);
}

function form(fields: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams({
    message: "The verdict on send_email is wrong.",
    replyTo: "",
    website: "",
    ...fields,
  });
}

describe("a message", () => {
  test("is stored, and confirmed on a page that can be loaded again", async () => {
    const site = open();
    const sent = await site.post(
      "/catalogue/contact",
      form({ replyTo: "me@example.org", message: " Hello\r\nthere " }),
    );
    expect([sent.status, sent.headers.get("location")]).toEqual([303, "/catalogue/contact/sent"]);
    expect(site.box.messages).toEqual([
      { id: 1, atMs: site.nowMs, message: "Hello\nthere", replyTo: "me@example.org" },
    ]);
    expect((await site.get("/catalogue/contact/sent")).text).toContain("The message is stored");
  });

  const BAD: readonly (readonly [name: string, fields: Record<string, string>, problem: string])[] = [
    ["empty", { message: " \n " }, "the message is empty."],
    ["too long", { message: "x".repeat(4_001) }, "the message is longer than 4,000 characters."],
    ["with an address that is none", { replyTo: "me" }, "the e-mail address is none."],
    [
      "with an address that is a header",
      { replyTo: "me@example.org\nBcc: all@example.org" },
      "the e-mail address is none.",
    ],
  ];
  for (const [name, fields, problem] of BAD) {
    test(`${name} is not, and what was typed is kept`, async () => {
      const site = open();
      const answer = await site.post("/catalogue/contact", form({ message: "<b>mine</b>", ...fields }));
      expect([answer.status, site.box.messages]).toEqual([422, []]);
      expect(answer.text).toContain(`Not sent: ${problem}`);
      if (fields["message"] === undefined)
        expect(answer.text).toContain("&lt;b&gt;mine&lt;/b&gt;</textarea>");
    });
  }

  test("of a program that fills in everything is thanked for, and thrown away", async () => {
    const site = open();
    const sent = await site.post("/catalogue/contact", form({ website: "https://spam.example" }));
    expect([sent.status, site.box.messages]).toEqual([303, []]);
  });

  test("comes at most five times an hour from one address", async () => {
    const site = open();
    const send = (address: string) => site.post("/catalogue/contact", form({}), { address });
    for (let at = 0; at < 5; at++) expect((await send("192.0.2.1")).status).toBe(303);
    const late = await send("192.0.2.1");
    expect(late.status).toBe(429);
    expect(late.text).toContain("The verdict on send_email is wrong.");
    expect((await send("192.0.2.2")).status).toBe(303);
    site.nowMs += 3_600_000;
    expect((await send("192.0.2.1")).status).toBe(303);
    expect(site.box.messages).toHaveLength(7);
  });

  test("that finds the box full is given back", async () => {
    const site = open();
    site.box.isFull = true;
    const answer = await site.post("/catalogue/contact", form({}));
    expect(answer.status).toBe(503);
    expect(answer.text).toContain("Not sent: the box is full.");
  });
});

describe("addresses", () => {
  test("of one IPv6 network count together, others apart", () => {
    const throttle = new AddressThrottle({ max: 1, maxForAll: 100, windowMs: 1_000 });
    const taken = [
      "2001:db8:1:2::1",
      "2001:db8:1:2:ffff::9",
      "2001:db8:1:3::1",
      "::1",
      "192.0.2.1",
      "::ffff:192.0.2.9",
    ].map((address) => throttle.take(address, 0));
    expect(taken).toEqual([true, false, true, true, true, true]);
  });

  test("together have a limit, too", () => {
    const throttle = new AddressThrottle({ max: 5, maxForAll: 3, windowMs: 1_000 });
    const taken = Array.from({ length: 4 }, (_, at) => throttle.take(`192.0.2.${at}`, 0));
    expect([...taken, throttle.take("192.0.2.9", 1_000)]).toEqual([true, true, true, false, true]);
  });
});

describe("the box", () => {
  test("keeps messages in a file of its own, the newest first", () => {
    const folder = mkdtempSync(join(tmpdir(), "contact-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "contact.db");
    {
      using box = new SqliteContactBox(file);
      expect(box.add({ atMs: 1, message: "first", replyTo: undefined }).ok).toBe(true);
      expect(box.add({ atMs: 2, message: "it's; DROP TABLE message", replyTo: "a@b.c" }).ok).toBe(true);
    }
    using again = new SqliteContactBox(file);
    expect(again.list(10)).toEqual([
      { id: 2, atMs: 2, message: "it's; DROP TABLE message", replyTo: "a@b.c" },
      { id: 1, atMs: 1, message: "first", replyTo: undefined },
    ]);
  });

  test("takes no more than anybody reads", () => {
    using box = new SqliteContactBox(":memory:");
    for (let at = 0; at < 5_000; at++) box.add({ atMs: at, message: "m", replyTo: undefined });
    expect(box.add({ atMs: 5_000, message: "m", replyTo: undefined })).toMatchObject({ ok: false });
    expect(box.list(1)[0]?.id).toBe(5_000);
  });
});
