import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { runInProcess } from "./fake-io.ts";

describe("completion", () => {
  test.each([
    { typed: ["portcullis", "se"], offers: ["serve", "server"] },
    { typed: ["portcullis", "policy", "e"], offers: ["eval", "explain"] },
    { typed: ["portcullis", "policy", "eval", "--c"], offers: ["--call"] },
    {
      typed: ["portcullis", "grant", "create", "--"],
      offers: ["--server", "--label", "--policy", "--mode", "--expires", "--data", "--json", "--help"],
    },
    { typed: ["portcullis", "serve", "--no"], offers: ["--no-demo"] },
    { typed: ["portcullis", "backup", "x.tar", "--w"], offers: ["--with-key"] },
    { typed: ["portcullis", "log", "verify", "--checkpoint", "/et"], offers: ["/etc"] },
  ])("bash offers what can follow $typed", async ({ typed, offers }) => {
    const { stdout } = await runInProcess(["completion", "bash"]);
    const words = typed.map((word) => `'${word}'`).join(" ");
    const script = `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=${typed.length - 1}; _portcullis; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const shell = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
    expect([shell.stderr, shell.stdout.trim().split("\n")]).toEqual(["", offers]);
  });

  test.each(["zsh", "fish"])("the script for %s is as pinned", async (shell) => {
    const ended = await runInProcess(["completion", shell]);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    await expect(ended.stdout).toMatchFileSnapshot(`./__snapshots__/completion.${shell}`);
  });

  test("--json carries the script as a string", async () => {
    const [plain, json] = [
      await runInProcess(["completion", "fish"]),
      await runInProcess(["completion", "fish", "--json"]),
    ];
    expect(JSON.parse(json.stdout)).toEqual({ shell: "fish", script: plain.stdout.trimEnd() });
  });
});
