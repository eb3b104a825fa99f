import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  type CredentialPlace,
  openCredential,
  Secret,
  sealCredential,
} from "../../src/storage/credential-vault.ts";
import { FolderKeys, makeRootKey } from "../../src/storage/keys.ts";
import { makeToken } from "../../src/storage/token.ts";

const keys = new FolderKeys(makeRootKey());

describe("keyed digests", () => {
  it.each([
    ["empty", ""],
    ["short", '{"pin":1234}'],
    ["beyond ASCII", "é\u{1F600}"],
    ["long", "é".repeat(100_000)],
  ])("arguments, %s: HMAC-SHA256 in hex, another one under another key", (_, text) => {
    const digest = keys.argumentsHmac(text);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(keys.argumentsHmac(text)).toBe(digest);
    expect(new FolderKeys(makeRootKey()).argumentsHmac(text)).not.toBe(digest);
  });

  it("a token and the same text as an argument have different digests: keys are separated by purpose", () => {
    const token = makeToken("g");
    const asArgument = Buffer.from(keys.argumentsHmac(token), "hex").toString("base64url");
    expect(keys.tokenDigest(token)).not.toBe(asArgument);
  });

  it("is no plain hash of the text under the root key either", () => {
    const root = makeRootKey();
    const plain = createHmac("sha256", root).update("x").digest("hex");
    expect(new FolderKeys(root).argumentsHmac("x")).not.toBe(plain);
  });
});

describe("seals", () => {
  it.each(["", "cursor-1", "é\u{1F600}", "x".repeat(10_000)])("open where they were made: %j", (plain) => {
    const sealed = keys.seal("cursor", "grt|srv", plain);
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(keys.unseal("cursor", "grt|srv", sealed)).toBe(plain);
  });

  const sealed = keys.seal("cursor", "grt|srv", "secret");
  it.each([
    ["for another purpose", "task", "grt|srv", sealed],
    ["in another context", "cursor", "grt|other", sealed],
    ["padded", "cursor", "grt|srv", `${sealed}=`],
    ["with a stray character", "cursor", "grt|srv", `${sealed.slice(0, 5)}!${sealed.slice(5)}`],
    ["cut", "cursor", "grt|srv", sealed.slice(0, -4)],
    ["empty", "cursor", "grt|srv", ""],
    [
      "of another folder",
      "cursor",
      "grt|srv",
      new FolderKeys(makeRootKey()).seal("cursor", "grt|srv", "secret"),
    ],
  ] as const)("do not open %s", (_, purpose, context, text) => {
    expect(keys.unseal(purpose, context, text)).toBe(undefined);
  });

  it("a flipped bit anywhere is noticed", () => {
    const bytes = Buffer.from(sealed, "base64url");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(keys.unseal("cursor", "grt|srv", changed.toString("base64url"))).toBe(undefined);
    }
  });
});

describe("the credential vault", () => {
  const kek = makeRootKey();
  const place: CredentialPlace = { organisation: "org", server: "srv_a", version: 1, purpose: "headers" };
  const blob = sealCredential(kek, place, "Bearer canary");

  it("opens at its place, in the published form", () => {
    expect(blob).toMatch(/^v1\.[^.]+\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(openCredential(kek, place, blob)?.reveal()).toBe("Bearer canary");
  });

  it("uses a key of its own for each secret", () => {
    expect(sealCredential(kek, place, "Bearer canary")).not.toBe(blob);
  });

  it.each([
    ["another server: rows were swapped", { server: "srv_b" }],
    ["another organisation", { organisation: "other" }],
    ["another version", { version: 2 }],
  ])("does not open for %s", (_, more) => {
    expect(openCredential(kek, { ...place, ...more }, blob)).toBe(undefined);
  });

  it("does not open when any part was changed, with another key, or parts of another secret", () => {
    const other = sealCredential(kek, { ...place, server: "srv_b" }, "Bearer other").split(".");
    const parts = blob.split(".");
    const mixed = parts.map((_, at) => parts.with(at, at < 2 ? "x" : (other[at] ?? "")).join("."));
    const blobs = [...mixed, `${blob}.x`, parts.slice(0, -1).join("."), "", "v1"];
    expect(blobs.filter((text) => openCredential(kek, place, text) !== undefined)).toEqual([]);
    expect(openCredential(makeRootKey(), place, blob)).toBe(undefined);
  });

  it("a secret prints as [secret] however it is printed (promise P7)", () => {
    const secret = new Secret("canary");
    const printed = [
      `${secret}`,
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect([secret], { depth: 9 }),
    ];
    expect(printed.filter((text) => text.includes("canary"))).toEqual([]);
    expect(printed.every((text) => text.includes("[secret]"))).toBe(true);
  });
});
