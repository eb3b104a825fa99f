import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskCommand, maskUrl } from "../../src/clients/hide-secrets.ts";
import { diffLines } from "../../src/clients/line-diff.ts";
import { isPlaceholder, maskLine } from "../../src/clients/mask.ts";
import { isUnpinned, packageOf } from "../../src/clients/package-reference.ts";
import { freeName } from "../../src/commands/init/candidate.ts";

describe("the package that a command runs", () => {
  test.each([
    ["npx -y @x/files@1.2.3 /srv", "npm @x/files 1.2.3 pinned"],
    ["npx -y @x/files", "npm @x/files - moves"],
    ["npx @x/files@latest", "npm @x/files latest moves"],
    ["npx @x/files@^1.0.0", "npm @x/files ^1.0.0 moves"],
    ["npx --yes --package=a@1.0.0 run-a", "npm a 1.0.0 pinned"],
    ["npx -p a@2.0.0 run-a", "npm a 2.0.0 pinned"],
    ["/usr/bin/npx a@1.0.0", "npm a 1.0.0 pinned"],
    ["cmd /c npx -y a", "npm a - moves"],
    ["pnpm dlx a@1.0.0", "npm a 1.0.0 pinned"],
    ["bunx a", "npm a - moves"],
    ["uvx mcp-server-git==1.0.0", "pypi mcp-server-git 1.0.0 pinned"],
    ["uvx --from git-tools mcp-git", "pypi git-tools - moves"],
    ["uv tool run a@1.2.3", "pypi a 1.2.3 pinned"],
    ["docker run -i --rm -e KEY ghcr.io/x/y:1.2.3", "oci ghcr.io/x/y 1.2.3 pinned"],
    ["docker run -i --rm mcp/fetch", "oci mcp/fetch - moves"],
    ["docker run x/y@sha256:abcdef", "oci x/y sha256:abcdef pinned"],
    ["npx -y @mоdel/ﬁles@1.0.0", "npm @mоdel/ﬁles 1.0.0 pinned"],
    ["uvx mcp‐server\u200b-git", "pypi mcp‐server\u200b-git - moves"],
    ["node server.js", undefined],
    ["npx ./local", undefined],
    ["npx", undefined],
    ["docker compose up", undefined],
  ])("%s", (command, wanted) => {
    const found = packageOf(command.split(" "));
    const shown =
      found &&
      `${found.registry} ${found.name} ${found.version ?? "-"} ${isUnpinned(found) ? "moves" : "pinned"}`;
    expect(shown).toBe(wanted);
  });
});

describe("masking", () => {
  test.each([
    ["a known value", 'x = "hunter2hunter"', 'x = "***"'],
    ["its JSON spelling", '"v": "a\\"b"', '"v": "***"'],
    ["a value under a secret's name", '"API_KEY": "x",', '"API_KEY": "***",'],
    ["the same in TOML", "api_key = 'x' # note", "api_key = '***' # note"],
    ["a token of a service", "// ghp_0123456789abcdefghij is old", "// *** is old"],
    ["a grant's token", "Bearer pcl_g_0123456789abcdef", "Bearer ***"],
    ["a long run of letters and digits", "v: 0123456789abcdef0123456789abcdef", "v: ***"],
    ["ordinary lines stay", '"command": "npx", "args": ["-y"]', '"command": "npx", "args": ["-y"]'],
  ])("%s", (_name, line, wanted) => {
    expect(maskLine(line, ["hunter2hunter", 'a"b'])).toBe(wanted);
  });

  test("commands and URLs", () => {
    expect(maskCommand(["a", "--api-key", "x", "--token=y", "--port", "80"])).toBe(
      "a --api-key *** --token=*** --port 80",
    );
    expect(maskUrl("https://u:p@x.example/mcp?key=1&q=2")).toBe("https://***@x.example/mcp?key=***&q=***");
  });

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client's own spelling of a variable
    ["${env:KEY}", true],
    ["<your-key>", true],
    ["YOUR_API_KEY", true],
    ["", true],
    ["hunter2", false],
  ])("%j stands for another value: %s", (value, wanted) => {
    expect(isPlaceholder(value)).toBe(wanted);
  });
});

describe("the difference of two texts", () => {
  test("shows what changed with two lines around it", () => {
    expect(diffLines("a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nX\ne\nf\ng")).toEqual([
      "@@ -2,5 +2,5 @@",
      " b",
      " c",
      "-d",
      "+X",
      " e",
      " f",
    ]);
    expect(diffLines("a\r\nb", "a\nb")).toEqual([]);
  });

  test("applied to the first text gives the second", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const patched = patch(before.join("\n").split("\n"), diffLines(before.join("\n"), after.join("\n")));
        expect(patched.join("\n")).toBe(after.join("\n"));
      }),
      { numRuns: 500 },
    );
  });
});

function patch(before: readonly string[], diff: readonly string[]): readonly string[] {
  const after: string[] = [];
  let at = 0;
  for (const line of diff) {
    const start = /^@@ -(\d+)/.exec(line)?.[1];
    if (start !== undefined) while (at < Number(start) - 1) after.push(before[at++] ?? "");
    else if (line.startsWith("+")) after.push(line.slice(1));
    else {
      expect(before[at]).toBe(line.slice(1));
      if (line.startsWith(" ")) after.push(line.slice(1));
      at += 1;
    }
  }
  return [...after, ...before.slice(at)];
}

test("a name out of what people write", () => {
  expect(freeName("My Files (Üb)", new Set())).toBe("my-files-u-b");
  expect(freeName("файлы", new Set())).toBe("server");
  expect(freeName("a", new Set(["a", "a-2"]))).toBe("a-3");
  expect(freeName("x".repeat(70), new Set(["x".repeat(64)]))).toBe(`${"x".repeat(62)}-2`);
});
