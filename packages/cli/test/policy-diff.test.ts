import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { newFolder, runInProcess } from "./fake-io.ts";
import { openWorkbench, tool, type Workbench } from "./workbench.ts";

/** Whole processes start here, on machines that are busy with other tests. */
vi.setConfig({ testTimeout: 30_000 });

const OLD = {
  version: "1",
  default: "deny",
  hide: ["drop_*"],
  tools: {
    list_orders: {},
    refund: { deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 100 }] }] },
  },
};
const NEW = {
  ...OLD,
  tools: {
    list_orders: { rate_limit: { max: 5, window: "minute" } },
    refund: { deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 200 }] }] },
    "get_*": { approve_if: [{ conditions: [] }] },
  },
};

const REFUND = {
  subject: { kind: "tool", name: "refund" },
  kind: "condition",
  access: "widens",
  text: "denied when `args.amount` > 200; before when `args.amount` > 100",
  before: "/tools/refund/deny_if/0",
  after: "/tools/refund/deny_if/0",
};

function folderWith(files: { readonly [name: string]: object }): string {
  const cwd = newFolder();
  for (const [name, document] of Object.entries(files))
    writeFileSync(join(cwd, name), JSON.stringify(document));
  return cwd;
}

describe("policy diff of two files (policy-spec A5)", () => {
  const cwd = folderWith({ "old.json": OLD, "new.json": NEW, "bad.json": { version: "2" } });

  test("says in words what is different, what widens access first", async () => {
    const ended = await runInProcess(["policy", "diff", "old.json", "new.json"], { cwd });
    expect(ended).toEqual({
      code: 0,
      stderr: "",
      stdout: [
        "old.json → new.json",
        "tool refund",
        "  WIDENS   denied when `args.amount` > 200; before when `args.amount` > 100",
        "tools get_*",
        "  WIDENS   newly held; before denied by default",
        "           held, whatever the call",
        "tool list_orders",
        "  narrows  newly limited to 5 calls a minute for each grant (counter `list_orders_rate`)",
        "3 changes, of which 2 widen access",
        "",
      ].join("\n"),
    });
  });

  test("--json holds the same for programs", async () => {
    const ended = await runInProcess(["policy", "diff", "--json", "old.json", "new.json"], { cwd });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    const { changes, ...rest } = JSON.parse(ended.stdout);
    expect(rest).toEqual({ before: { file: "old.json" }, after: { file: "new.json" }, widens: true });
    expect(changes).toHaveLength(3);
    expect(changes).toContainEqual(REFUND);
  });

  test("the same policy in another format is no difference", async () => {
    writeFileSync(
      join(cwd, "old.yaml"),
      "version: '1'\ndefault: deny\nhide: ['drop_*']\ntools:\n  refund:\n    deny_if:\n" +
        "      - conditions: [{ path: 'args[\"amount\"]', op: gt, value: 100 }]\n  list_orders: {}\n",
    );
    expect(
      await runInProcess(["policy", "diff", "old.json", "old.yaml", "--fail-on", "any"], { cwd }),
    ).toEqual({
      code: 0,
      stdout: "old.json → old.yaml\nno difference\n",
      stderr: "",
    });
  });

  test.each<[string, readonly string[], number, string]>([
    [
      "what widens",
      ["old.json", "new.json", "--fail-on", "widening"],
      1,
      "error: --fail-on widening: 3 changes, of which 2 widen access\n",
    ],
    [
      "what does not",
      ["new.json", "old.json", "--fail-on", "widening"],
      1,
      "error: --fail-on widening: 3 changes, of which 1 widens access\n",
    ],
    [
      "anything",
      ["old.json", "new.json", "--fail-on", "any"],
      1,
      "error: --fail-on any: 3 changes, of which 2 widen access\n",
    ],
    ["nothing", ["old.json", "old.json", "--fail-on", "any"], 0, ""],
  ])("--fail-on: %s", async (_, argv, code, stderr) => {
    const ended = await runInProcess(["policy", "diff", "--json", ...argv], { cwd });
    expect([ended.code, ended.stderr]).toEqual([code, stderr]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ changes: expect.any(Array) });
  });

  test("--fail-on widening lets pass what only narrows", async () => {
    writeFileSync(join(cwd, "narrow.json"), JSON.stringify({ ...OLD, hide: ["*"] }));
    const argv = ["policy", "diff", "old.json", "narrow.json", "--fail-on", "widening"];
    const ended = await runInProcess(argv, { cwd });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(ended.stdout).toMatch(
      /\n2 changes, of which none widens access\n$|, of which none widens access\n$/,
    );
  });

  test("text of the documents cannot steer the terminal", async () => {
    writeFileSync(
      join(cwd, "evil.json"),
      JSON.stringify({ ...OLD, tools: { "x\u001b[2J": {}, "y\u202e*": {} } }),
    );
    const ended = await runInProcess(["policy", "diff", "old.json", "evil.json"], { cwd });
    expect(ended.stdout).toContain("tool x\\u{1b}[2J\n");
    expect(ended.stdout).not.toMatch(/[\u001b\u202e]/);
  });

  test.each<[string, readonly string[], string]>([
    ["one file", ["old.json"], "name two files, or a published policy with `--server` and `--name`"],
    [
      "files and a policy",
      ["old.json", "new.json", "--server", "s", "--name", "n"],
      "name two files, or a published policy with `--server` and `--name`",
    ],
    [
      "a policy without a server",
      ["--name", "n"],
      "name two files, or a published policy with `--server` and `--name`",
    ],
    [
      "versions of files",
      ["old.json", "new.json", "--from", "1"],
      "`--from` and `--to` are versions of the policy that `--server` and `--name` name",
    ],
    ["no file", ["old.json", "none.json"], "`none.json` cannot be read: there is no such file"],
    [
      "no policy",
      ["bad.json", "new.json"],
      "bad.json:1:1 /default: the document needs the key `default`; add it (and 1 more); `portcullis policy check` lists every error",
    ],
  ])("refuses %s", async (_, argv, message) => {
    const ended = await runInProcess(["policy", "diff", ...argv], { cwd });
    expect(ended).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
  });
});

describe("policy diff of published versions (policy-spec A2, A5)", () => {
  const policy = ["--server", "shop", "--name", "support"] as const;

  async function openShop(...versions: readonly object[]): Promise<Workbench> {
    const bench = openWorkbench();
    bench.setTools(["list_orders", "refund", "get_a", "get_b"].map((name) => tool(name)));
    await bench.json("server", "add", "--name", "shop", "--", ...bench.command);
    for (const version of versions) {
      bench.writePolicy("p.json", version);
      await bench.json("policy", "publish", ...policy, "p.json");
    }
    return bench;
  }

  test("by default what the newest version changed, with the tools that it concerns", async () => {
    const bench = await openShop(NEW, OLD, NEW);
    const compared = (...argv: readonly string[]) => bench.json("policy", "diff", ...policy, ...argv);
    expect(await compared()).toMatchObject({
      before: { version: 2 },
      after: { version: 3 },
      widens: true,
      changes: expect.arrayContaining([
        { ...REFUND, tools: ["refund"] },
        expect.objectContaining({ subject: { kind: "tools", name: "get_*" }, tools: ["get_a", "get_b"] }),
      ]),
    });
    expect(await compared("--to", "2")).toMatchObject({ before: { version: 1 }, after: { version: 2 } });
    expect(await compared("--from", "1")).toEqual({
      before: { version: 1 },
      after: { version: 3 },
      widens: false,
      changes: [],
    });
    const text = await bench.run(["policy", "diff", ...policy, "--from", "3", "--to", "2"]);
    expect(text.stdout).toMatch(/^version 3 → version 2\n/);
    expect(text.stdout).toContain("\ntools get_* (get_a, get_b)\n");
  });

  test("a file says what publishing it would change; two files may name a server", async () => {
    const bench = await openShop(OLD, NEW);
    bench.writePolicy("next.json", OLD);
    expect(await bench.json("policy", "diff", ...policy, "--to", "next.json")).toMatchObject({
      before: { version: 2 },
      after: { file: "next.json" },
    });
    expect(await bench.json("policy", "diff", "--server", "shop", "next.json", "p.json")).toMatchObject({
      before: { file: "next.json" },
      changes: expect.arrayContaining([{ ...REFUND, tools: ["refund"] }]),
    });
  });

  test("refuses what is not there", async () => {
    const bench = await openShop(OLD);
    const refused = async (...argv: readonly string[]) => {
      const { code, stdout, stderr } = await bench.run(["policy", "diff", ...argv]);
      expect([code, stdout]).toEqual([2, ""]);
      return stderr;
    };
    expect(await refused(...policy)).toBe(
      "error: `support` has only version 1; compare it with a file: `--to policy.json`\n",
    );
    bench.writePolicy("p.json", NEW);
    await bench.json("policy", "publish", ...policy, "p.json");
    expect(await refused(...policy, "--to", "9")).toBe(
      "error: `support` has no version `9`; it has 1 to 2\n",
    );
    expect(await refused(...policy, "--from", "one")).toBe(
      "error: `--from one` must be the number of a version\n",
    );
    expect(await refused(...policy, "--to", "none.json")).toBe(
      "error: `none.json` cannot be read: there is no such file\n",
    );
    expect(await refused("--server", "nope", "--name", "support")).toContain("there is no server `nope`");
    expect(await refused("--server", "shop", "--name", "nope")).toContain("`nope`");
  });
});
