import type { JsonObject } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import type { ListKind } from "../../src/call/call.ts";
import { listItems, visibleItems } from "../../src/call/lists.ts";
import type { OnChange, PinState, Server } from "../../src/call/records.ts";
import { accessOf, pinned } from "./access.ts";

const ACCESS = accessOf({
  hide: ["secret"],
  tools: { "*": {} },
  resources: { allow: ["docs://**"] },
  prompts: { deny: ["admin_*"], default: "allow" },
});

function server(onChange: OnChange, pin: PinState, ...names: readonly string[]): Server {
  return { ...ACCESS.server, onChange, tools: new Map(names.map((name) => [name, pinned(name, pin)])) };
}

const ACCEPTED = server("block", "accepted", "a", "b", "secret");

describe("what a grant sees of a list (policy-spec R6, R7)", () => {
  test.each<[ListKind, readonly JsonObject[], readonly JsonObject[]]>([
    [
      "tools",
      [{ name: "b", x: 1 }, { name: "secret" }, { name: "unlisted" }, { name: 5 }, {}, { name: "a" }],
      [{ name: "b", x: 1 }, { name: "a" }],
    ],
    [
      "resources",
      [{ uri: "docs://b", x: 1 }, { uri: "file:///etc" }, { uri: 5 }, {}, { uri: "docs://a" }],
      [{ uri: "docs://b", x: 1 }, { uri: "docs://a" }],
    ],
    [
      "templates",
      [{ uriTemplate: "docs://{b}", x: 1 }, { uriTemplate: "file:///{a}" }, { uriTemplate: 5 }, {}],
      [{ uriTemplate: "docs://{b}", x: 1 }],
    ],
    [
      "prompts",
      [{ name: "b", x: 1 }, { name: "admin_x" }, { name: 5 }, {}, { name: "a" }],
      [{ name: "b", x: 1 }, { name: "a" }],
    ],
  ])("%s", (kind, items, visible) => {
    expect(visibleItems(kind, items, ACCESS, ACCEPTED)).toEqual(visible);
    expect(visibleItems(kind, items, { ...ACCESS, mode: "shadow" }, ACCEPTED)).toEqual(visible);
    expect(visibleItems(kind, items, accessOf(), ACCEPTED)).toEqual([]);
  });

  test.each<[OnChange, PinState, boolean]>([
    ["block", "accepted", true],
    ["block", "changed", false],
    ["block", "new", false],
    ["block", "removed", false],
    ["hold", "changed", true],
    ["hold", "new", true],
    ["hold", "removed", false],
    ["allow", "accepted", true],
    ["allow", "changed", true],
    ["allow", "new", true],
    ["allow", "removed", false],
  ])("under `%s`, a tool that is %s (pins)", (onChange, pin, isShown) => {
    const shown = visibleItems("tools", [{ name: "a" }], ACCESS, server(onChange, pin, "a"));
    expect(shown).toEqual(isShown ? [{ name: "a" }] : []);
  });
});

test.each<[ListKind, string]>([
  ["tools", "tools"],
  ["resources", "resources"],
  ["templates", "resourceTemplates"],
  ["prompts", "prompts"],
])("the items of %s stand in `%s`", (kind, member) => {
  expect([
    listItems({ [member]: [{ a: 1 }, 5, null, [], {}] }, kind),
    listItems({ [member]: {} }, kind),
    listItems({}, kind),
  ]).toEqual([[{ a: 1 }, {}], undefined, undefined]);
});
