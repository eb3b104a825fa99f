import { describe, expect, test } from "vitest";
import type { Access, Head } from "../../src/call/call.ts";
import { identify, renew } from "../../src/call/identify.ts";
import type { Clock, Snapshot } from "../../src/call/ports.ts";
import { accessOf } from "./access.ts";

const ACCESS = accessOf({});
const SERVER = ACCESS.server.id;

/** A head with this digest for this server, before a snapshot that has one grant, one server and one policy. */
function asked(digest: string, { serverId = SERVER as string, nowMs = 0, grant = ACCESS.grant } = {}) {
  const digests: string[] = [];
  const ports = portsOf(digests, nowMs, grant);
  return { access: identify({ digest, serverId } as Head, ports), digests };
}

function portsOf(digests: string[], nowMs: number, grant = ACCESS.grant) {
  const { server, policy } = ACCESS;
  return {
    snapshot: {
      grantByDigest: (digest: string) => {
        digests.push(digest);
        return digest === "good" ? grant : undefined;
      },
      server: (id: string) =>
        [server, { ...server, id: "srv_other" as typeof SERVER }].find((one) => one.id === id),
      policy: (id: string) => (id === policy?.id ? policy : undefined),
      isCurrent: () => true,
      onChange: () => () => {},
    } satisfies Snapshot,
    clock: { nowMs: () => nowMs } as Clock,
  };
}

describe("who calls what", () => {
  test("a grant that is known, on a server that it names", () => {
    const value: Access = { ...ACCESS, digest: "good", mode: "enforce" };
    expect(asked("good", { nowMs: ACCESS.grant.expiresAtMs - 1 }).access).toEqual({ ok: true, value });
  });

  test("a grant without a policy, in shadow mode", () => {
    const access = new Map([[SERVER, { policy: undefined, mode: "shadow" as const }]]);
    const { access: found } = asked("good", { grant: { ...ACCESS.grant, access } });
    expect(found).toMatchObject({ ok: true, value: { policy: undefined, mode: "shadow" } });
  });

  test.each([
    ["an unknown or revoked one", "other", 0, ["other"]],
    ["one that has expired", "good", ACCESS.grant.expiresAtMs, ["good"]],
  ])("401: %s", (_, digest, nowMs, digests) => {
    expect(asked(digest, { nowMs })).toEqual({
      access: { ok: false, error: { kind: "unauthenticated" } },
      digests,
    });
  });

  test.each([
    ["a server that does not exist", "srv_none"],
    ["a server that the grant does not name", "srv_other"],
  ])("404: %s", (_, serverId) => {
    expect(asked("good", { serverId }).access).toEqual({ ok: false, error: { kind: "not-found" } });
  });
});

describe("who called, as it is now", () => {
  const known = { ...ACCESS, digest: "good" };

  test("the newest of everything", () => {
    const access = new Map([[SERVER, { policy: undefined, mode: "shadow" as const }]]);
    const edited = { ...ACCESS.grant, access };
    const value: Access = { ...known, grant: edited, policy: undefined, mode: "shadow" };
    expect(renew(known, portsOf([], 0, edited))).toEqual({ ok: true, value });
  });

  test.each([
    ["that has expired", ACCESS.grant.expiresAtMs, ACCESS.grant, "unauthenticated"],
    ["that lost the server", 0, { ...ACCESS.grant, access: new Map() }, "not-found"],
  ])("a grant %s is none", (_, nowMs, grant, kind) => {
    expect(renew(known, portsOf([], nowMs, grant))).toEqual({ ok: false, error: { kind } });
  });

  test("where no token exists, nothing can end", () => {
    const local = { ...ACCESS, digest: undefined };
    expect(renew(local, portsOf([], Number.POSITIVE_INFINITY))).toEqual({ ok: true, value: local });
  });
});
