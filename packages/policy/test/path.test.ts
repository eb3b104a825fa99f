import { describe, expect, it } from "vitest";
import { hasEvery, parsePath } from "../src/path.ts";

describe("policy-spec C3: paths", () => {
  it.each([
    ["all arguments", "args", []],
    ["a member", "args.amount", [{ kind: "member", name: "amount" }]],
    ["names of a prototype are ordinary", "args.constructor", [{ kind: "member", name: "constructor" }]],
    ["a name with any other sign", "args.a-b/c~d$é", [{ kind: "member", name: "a-b/c~d$é" }]],
    ["a quoted name", 'args["a.b[0] \\"c\\""]', [{ kind: "member", name: 'a.b[0] "c"' }]],
    ["an empty quoted name", 'args[""]', [{ kind: "member", name: "" }]],
    ["an escaped name", 'args["\\u0061"]', [{ kind: "member", name: "a" }]],
    ["an element", "args[0]", [{ kind: "element", index: 0 }]],
    [
      "every kind of step",
      'args.items[*][12]["x"].y',
      [
        { kind: "member", name: "items" },
        { kind: "every" },
        { kind: "element", index: 12 },
        { kind: "member", name: "x" },
        { kind: "member", name: "y" },
      ],
    ],
  ])("reads %s", (_, text, steps) => {
    expect(parsePath(text)).toEqual({ ok: true, value: { root: "args", steps, text } });
  });

  it.each(["time.hour", "time.minute", "time.weekday", "time.date", "grant.label", "tool.name"])(
    "reads `%s`, which has no steps",
    (text) => {
      expect(parsePath(text)).toEqual({ ok: true, value: { root: text, steps: [], text } });
    },
  );

  const shapes = 'write `.name`, `["name"]`, `[0]` or `[*]`';
  const roots =
    "must begin with `args` or be one of `time.hour`, `time.minute`, `time.weekday`, `time.date`, `grant.label`, `tool.name`";
  it.each([
    ["nothing", "", `path \`\` ${roots}`],
    ["another root", "arguments.x", `path \`arguments.x\` ${roots}`],
    ["a root that is only a step", "call.args", `path \`call.args\` ${roots}`],
    ["a step below the clock", "time.hour.x", `path \`time.hour.x\` ${roots}`],
    ["an unknown clock", "time.year", `path \`time.year\` ${roots}`],
    ["an empty name", "args.", "path `args.` needs a name after each dot"],
    ["two dots", "args..a", "path `args..a` needs a name after each dot"],
    ["white space at a name's start", "args. a", "path `args. a` needs a name after each dot"],
    ["white space in a name", "args.a b", 'path `args.a b` has a name that must be quoted; write `["…"]`'],
    ["a quote in a name", 'args.a"', 'path `args.a"` has a name that must be quoted; write `["…"]`'],
    [
      "a control character",
      "args.a\u0001",
      'path `args.a\u0001` has a name that must be quoted; write `["…"]`',
    ],
    ["a closing bracket", "args.a]", 'path `args.a]` has a name that must be quoted; write `["…"]`'],
    ["a sign", "args[-1]", `path \`args[-1]\` is malformed at character 5; ${shapes}`],
    ["a leading zero", "args[01]", `path \`args[01]\` is malformed at character 5; ${shapes}`],
    ["an open bracket", "args[", `path \`args[\` is malformed at character 5; ${shapes}`],
    ["a bare star", "args.a[*", `path \`args.a[*\` is malformed at character 7; ${shapes}`],
    ["single quotes", "args['a']", `path \`args['a']\` is malformed at character 5; ${shapes}`],
    ["text after a bracket", "args[0]a", `path \`args[0]a\` is malformed at character 8; ${shapes}`],
    ["a bad escape", 'args["\\x"]', 'path `args["\\x"]` has a name that is not a JSON string'],
    [
      "a huge index",
      "args[9007199254740993]",
      "path `args[9007199254740993]` has an index that is too large",
    ],
  ])("refuses %s", (_, text, error) => {
    expect(parsePath(text)).toEqual({ ok: false, error });
  });

  it("tells paths with `[*]` from others (C6)", () => {
    const every = (text: string) => {
      const path = parsePath(text);
      return path.ok && hasEvery(path.value);
    };
    expect([every("args.a[*].b"), every("args.a[0]"), every('args["[*]"]')]).toEqual([true, false, false]);
  });
});
