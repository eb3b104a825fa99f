import { createHmac } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openCredential, Secret, sealCredential } from "../../src/storage/credential-vault.ts";
import { lockDataFolder, openDataFolder } from "../../src/storage/data-folder.ts";
import { Database } from "../../src/storage/database.ts";
import { createGrant, findGrant, revokeGrant, rotateGrant, setGrant } from "../../src/storage/grant-rows.ts";
import { FolderKeys, makeRootKey } from "../../src/storage/keys.ts";
import { publishPolicy } from "../../src/storage/policy-rows.ts";
import { addServer, removeServer } from "../../src/storage/server-rows.ts";
import { openState, type State } from "../../src/storage/state.ts";
import { isWellFormedToken, makeId, makeToken } from "../../src/storage/token.ts";
import { acceptTools, listTools, recordInstructions, recordObserved } from "../../src/storage/tool-rows.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-storage-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function unwrap<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe("the data folder", () => {
  test("every file is its owner's alone (P7)", () => {
    const path = join(folder, "data");
    const opened = unwrap(openDataFolder(path));
    unwrap(openState(opened.stateFile)).db.close();
    const lock = unwrap(lockDataFolder(opened));
    lock.announce({ pid: process.pid, url: "u", adminUrl: "a" });
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const open = readdirSync(path).filter((file) => (statSync(join(path, file)).mode & 0o077) !== 0);
    expect(open).toEqual([]);
    lock.release();
  });

  const REFUSED: readonly { name: string; prepare: (path: string) => void; says: RegExp }[] = [
    {
      name: "a file in its place",
      prepare: (path) => writeFileSync(path, ""),
      says: /is not a folder; choose another with --data DIR/,
    },
    {
      name: "a short key",
      prepare: (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "key"), "c2hvcnQ=", { mode: 0o600 });
      },
      says: /not 32 random bytes/,
    },
    {
      name: "a weak key",
      prepare: (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });
      },
      says: /not 32 random bytes/,
    },
    {
      name: "a key that others can read",
      prepare: (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "key"), makeRootKey().toString("base64"));
        chmodSync(join(path, "key"), 0o644);
      },
      says: /can be read by others; run `chmod 600/,
    },
  ];
  for (const { name, prepare, says } of REFUSED) {
    test(`${name} is refused in one line`, () => {
      const path = join(folder, "data");
      prepare(path);
      const opened = openDataFolder(path);
      if (opened.ok) throw new Error("opened");
      expect(opened.error).toMatch(says);
      expect(opened.error).not.toContain("\n");
    });
  }

  test("serves one writer at a time", () => {
    const opened = unwrap(openDataFolder(join(folder, "data")));
    const lock = unwrap(lockDataFolder(opened));
    const second = lockDataFolder(opened);
    expect(second).toMatchObject({ ok: false });
    lock.release();
    unwrap(lockDataFolder(opened)).release();
  });

  test("a newer schema is refused", () => {
    const file = join(folder, "state.db");
    const { db } = unwrap(openState(file));
    db.exec("PRAGMA user_version = 99");
    db.close();
    expect(openState(file)).toMatchObject({
      ok: false,
      error: expect.stringContaining("newer version of Portcullis"),
    });
  });
});

describe("tokens", () => {
  test("are well-formed, and differ", () => {
    const tokens = Array.from({ length: 500 }, () => makeToken("g"));
    expect(
      tokens.every((token) => /^pcl_g_[0-9A-Za-z]{38}$/.test(token) && isWellFormedToken(token, "g")),
    ).toBe(true);
    expect(new Set(tokens).size).toBe(500);
    expect(makeId("srv")).toMatch(/^srv_[0-9A-Za-z]{16}$/);
  });

  test("one changed character is noticed before anything is looked up (threat 56)", () => {
    const token = makeToken("g");
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        return changed === token || !isWellFormedToken(changed, "g");
      }),
    );
  });
});

describe("keys", () => {
  const root = makeRootKey();
  const keys = new FolderKeys(root);

  test("the digest of arguments is HMAC-SHA256", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const plain = new FolderKeys(root).argumentsHmac(text);
        return plain === keys.argumentsHmac(text) && /^[0-9a-f]{64}$/.test(plain);
      }),
    );
    expect(keys.argumentsHmac("1234")).not.toBe(createHmac("sha256", "").update("1234").digest("hex"));
  });

  test("a seal opens for its purpose and context only, and the same text seals to the same", () => {
    const sealed = keys.seal("task", "grant server", "plain");
    expect(keys.seal("task", "grant server", "plain")).toBe(sealed);
    expect(keys.unseal("task", "grant server", sealed)).toBe("plain");
    expect(keys.unseal("cursor", "grant server", sealed)).toBeUndefined();
    expect(keys.unseal("task", "other server", sealed)).toBeUndefined();
    expect(new FolderKeys(makeRootKey()).unseal("task", "grant server", sealed)).toBeUndefined();
    expect(keys.unseal("task", "grant server", `${sealed}=`)).toBeUndefined();
    expect(keys.unseal("task", "grant server", "")).toBeUndefined();
  });

  test("any changed byte of a seal is noticed", () => {
    const sealed = keys.seal("cursor", "c", "some cursor");
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(..."AZaz09-_"), (at, character) => {
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
        return changed === sealed || keys.unseal("cursor", "c", changed) === undefined;
      }),
    );
  });
});

describe("the credential vault", () => {
  const kek = makeRootKey();
  const place = { organisation: "o", server: "a", version: 1, purpose: "headers" } as const;

  test("a credential opens where it was sealed, and swapped rows do not", () => {
    const a = sealCredential(kek, place, "secret a");
    const b = sealCredential(kek, { ...place, server: "b" }, "secret b");
    expect(openCredential(kek, place, a)?.reveal()).toBe("secret a");
    expect(openCredential(kek, place, b)).toBeUndefined();
    expect(openCredential(kek, { ...place, version: 2 }, a)).toBeUndefined();
    expect(openCredential(makeRootKey(), place, a)).toBeUndefined();
    expect(openCredential(kek, place, "v1.local1.x")).toBeUndefined();
    expect(sealCredential(kek, place, "secret a")).not.toBe(a);
  });

  test("a secret prints as [secret], however it is printed", () => {
    const secret = new Secret("hunter2");
    const printed = [String(secret), JSON.stringify({ secret }), inspect(secret), `${secret}`].join(" ");
    expect(printed).not.toContain("hunter2");
    expect(printed).toContain("[secret]");
  });
});

describe("rows", () => {
  const keys = new FolderKeys(makeRootKey());
  let state: State;
  beforeEach(() => {
    state = unwrap(openState(join(folder, "state.db")));
  });
  afterEach(() => state.db.close());

  const add = (name: string, headers: readonly (readonly [string, string])[] = []) =>
    addServer(
      state,
      keys.credentialKey,
      {
        name,
        target: { kind: "http", url: "http://127.0.0.1:1/", headers },
        era: "auto",
        deadlineMs: 1,
        onChange: "block",
      },
      1,
    );
  const publish = (server: string, name: string) =>
    publishPolicy(
      state,
      { server, name, document: { version: "1", default: "deny" }, source: "", author: "", note: "" },
      1,
    );
  const grant = (label: string, policy?: string) =>
    createGrant(state, keys, { label, server: "files", policy, mode: "enforce", expiresAtMs: 9 }, 1);

  test("what is unknown is named together with what there is", () => {
    unwrap(add("files"));
    unwrap(publish("files", "careful"));
    expect(grant("x", "carefull")).toEqual({
      ok: false,
      error: "there is no policy `carefull` on server `files`; known: `careful`",
    });
    expect(removeServer(state, "nope")).toEqual({
      ok: false,
      error: "there is no server `nope`; known: `files`",
    });
    expect(add("files")).toMatchObject({ ok: false, error: expect.stringContaining("exists") });
    expect(add("Bad Name")).toMatchObject({ ok: false, error: expect.stringContaining("1 to 64 of a-z") });
  });

  test("versions count up; the label of a revoked grant is free again", () => {
    unwrap(add("files"));
    expect([1, 2, 3].map(() => unwrap(publish("files", "p")).version)).toEqual([1, 2, 3]);
    const first = unwrap(grant("agent", "p"));
    expect(grant("agent")).toMatchObject({ ok: false });
    unwrap(revokeGrant(state, "agent", 5));
    expect(unwrap(revokeGrant(state, first.grant.id, 6)).revokedAtMs).toBe(5);
    expect(unwrap(grant("agent", "p")).grant.id).not.toBe(first.grant.id);
    expect(rotateGrant(state, keys, first.grant.id)).toMatchObject({ ok: false });
  });

  test("rotating changes the token and nothing else; setting keeps what is not named", () => {
    unwrap(add("files"));
    unwrap(publish("files", "p"));
    const before = unwrap(grant("agent", "p"));
    const after = unwrap(rotateGrant(state, keys, "agent"));
    expect(after.token).not.toBe(before.token);
    expect({ ...after.grant, digest: "", last4: "" }).toEqual({ ...before.grant, digest: "", last4: "" });
    const [access] = unwrap(setGrant(state, "agent", { mode: "shadow" })).access.values();
    const [initial] = before.grant.access.values();
    expect(access).toEqual({ policy: initial?.policy, mode: "shadow" });
    expect(findGrant(state, "agent")?.digest).toBe(keys.tokenDigest(after.token));
  });

  test("credentials and tokens are not in the file", () => {
    unwrap(add("files", [["authorization", "Bearer upstream-secret-value"]]));
    const { token } = unwrap(grant("agent"));
    state.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const bytes = readdirSync(folder)
      .map((file) => new TextDecoder("latin1").decode(readFileSync(join(folder, file))))
      .join("");
    expect(bytes).not.toContain("upstream-secret-value");
    expect(bytes).not.toContain(token.slice(6));
  });

  test("pins: the first list is accepted, then nothing is by itself (gateway pins)", () => {
    const server = unwrap(add("files"));
    const seen = (names: Record<string, string>, complete = true) =>
      recordObserved(
        state,
        server.id,
        Object.entries(names).map(([name, hash]) => ({ name, hash, definition: { name, hash } })),
        { complete },
        1,
      );
    const pins = () => Object.fromEntries(listTools(state, server.id).map(({ name, pin }) => [name, pin]));
    recordInstructions(state, server.id, "first");
    seen({ a: "1", b: "1", c: "1" });
    expect(pins()).toEqual({ a: "accepted", b: "accepted", c: "accepted" });
    seen({ a: "2", b: "1", d: "1" });
    expect(pins()).toEqual({ a: "changed", b: "accepted", c: "removed", d: "new" });
    seen({ e: "1" }, false);
    expect(pins()).toMatchObject({ b: "accepted", e: "new" });
    expect(acceptTools(state, server.id, ["a"], 2)).toEqual(["a"]);
    expect(pins()).toMatchObject({ a: "accepted", d: "new" });
    expect([...acceptTools(state, server.id, undefined, 2)].sort()).toEqual(["c", "d", "e"]);
    expect(pins()).toEqual({ a: "accepted", b: "accepted", d: "accepted", e: "accepted" });
    recordInstructions(state, server.id, "second");
    const row = new Database(join(folder, "state.db"), { readOnly: true }).get(
      "SELECT accepted_instructions FROM server",
    );
    expect(row).toEqual({ accepted_instructions: "first" });
  });
});
