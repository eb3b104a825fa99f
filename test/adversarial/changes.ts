/** What an operator does, or what comes with time, while a call is on its way. */
import { validatePolicy } from "@portcullis/policy";
import {
  findGrant,
  publishPolicy,
  removeServer,
  revokeGrant,
  rotateGrant,
  setGrant,
} from "@portcullis/server";
import { unwrap } from "../e2e/harness.ts";
import type { World } from "./cells.ts";
import { type Place, until } from "./conversation.ts";

export const ALLOW = { version: "1", default: "allow" };
const DENY = { version: "1", default: "deny" };

/** Long enough to begin a call, and not much longer. */
const SOON_MS = 150;

export interface Change {
  readonly name: string;
  /** What governs before. Default: every tool is allowed. */
  readonly from?: unknown;
  /** Done before, where it comes with time. */
  readonly prepare?: (world: World, place: Place) => unknown;
  readonly make: (world: World, place: Place) => unknown;
  /** What becomes of a call that was not judged before; a verdict has the rule that gives it. */
  readonly becomes: "allowed" | "ended" | { readonly denied: string } | { readonly held: string };
}

export const CHANGES: readonly Change[] = [
  { name: "the policy denies", make: publish(DENY), becomes: { denied: "(default deny)" } },
  { name: "the tool is hidden", make: publish({ ...ALLOW, hide: ["any"] }), becomes: { denied: "(hidden)" } },
  {
    name: "a person has to approve",
    make: publish({ ...DENY, tools: { any: { action: "require_approval" } } }),
    becomes: { held: "/tools/any/action" },
  },
  {
    name: "an argument is missed",
    make: publish({
      ...DENY,
      tools: { any: { require: [{ conditions: [{ path: "args.who", op: "exists", value: true }] }] } },
    }),
    becomes: { denied: "/tools/any/require/0" },
  },
  { name: "the policy allows", from: DENY, make: publish(ALLOW), becomes: "allowed" },
  {
    name: "the policy is gone",
    make: onGrant("DELETE FROM policy WHERE id = (SELECT policy FROM grant_access WHERE grant_ = ?)"),
    becomes: { denied: "(no policy)" },
  },
  {
    name: "the grant loses its policy",
    make: onGrant("UPDATE grant_access SET policy = NULL WHERE grant_ = ?"),
    becomes: { denied: "(no policy)" },
  },
  {
    name: "shadow mode is over",
    from: DENY,
    prepare: ({ rig }, { labels }) => unwrap(setGrant(rig.state, labels.one, { mode: "shadow" })),
    make: ({ rig }, { labels }) => unwrap(setGrant(rig.state, labels.one, { mode: "enforce" })),
    becomes: { denied: "(default deny)" },
  },
  {
    name: "the grant is revoked",
    make: ({ rig }, { labels }) => unwrap(revokeGrant(rig.state, labels.one, Date.now())),
    becomes: "ended",
  },
  {
    name: "the grant runs out",
    prepare: (world, place) =>
      onGrant(`UPDATE grant_ SET expires_at = ${Date.now() + SOON_MS} WHERE id = ?`)(world, place),
    make: ({ rig }, { labels }) =>
      until(
        () => Date.now() >= (findGrant(rig.state, labels.one)?.expiresAtMs ?? 0),
        "for the end of a grant",
      ),
    becomes: "ended",
  },
  {
    name: "the grant has another token",
    make: ({ rig }, { labels }) => unwrap(rotateGrant(rig.state, rig.folder.keys, labels.one)),
    becomes: "ended",
  },
  {
    name: "the grant names the server no more",
    make: onGrant("DELETE FROM grant_access WHERE grant_ = ?"),
    becomes: "ended",
  },
  {
    name: "the server is removed",
    make: ({ rig }, { name }) => unwrap(removeServer(rig.state, name)),
    becomes: "ended",
  },
];

function publish(policy: unknown): Change["make"] {
  return ({ rig }, { name }) => {
    const document = unwrap(validatePolicy(policy));
    const version = { server: name, name: "test", document, source: "", author: "test", note: "" };
    return unwrap(publishPolicy(rig.state, version, Date.now()));
  };
}

/** `?` is the grant's id. */
function onGrant(sql: string): Change["make"] {
  return ({ rig }, { labels }) => rig.state.db.run(sql, findGrant(rig.state, labels.one)?.id ?? "");
}
