import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { introspect } from "../../src/catalogue/introspect/introspect.ts";
import { scriptsOf } from "../../src/catalogue/introspect/pypi-package.ts";
import { startPypiIndex } from "./pypi-index.ts";

afterEach(() => vi.unstubAllEnvs());

const SERVER = `
import json, os, sys
def main():
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("method") == "initialize":
            result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}}
        elif message.get("method") == "tools/list":
            result = {"tools": [{"name": "get_x", "description": os.environ["ACME_TOKEN"], "inputSchema": {"type": "object"}}]}
        else:
            continue
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
`;

const hasPython = spawnSync("python3", ["-m", "venv", "--help"], { stdio: "ignore" }).status === 0;
if (!hasPython) console.log("skipped: no python3 with venv (Debian: apt-get install python3-venv)");

test.skipIf(!hasPython)("a package of PyPI is installed from its wheel, started and asked", async () => {
  const index = await startPypiIndex([
    {
      name: "acme-mcp",
      module: "acme_mcp",
      code: SERVER,
      metadata: ["Summary: about acme", "Project-URL: Repository, https://example.com/acme"],
      license: "MIT License\n\nCopyright",
    },
    {
      name: "acme-large",
      module: "acme_large",
      code: SERVER,
      metadata: [`Summary: ${"x".repeat(1_100_000)}`],
    },
  ]);
  const home = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  vi.stubEnv("TMPDIR", home);
  const env = { ...process.env, PIP_INDEX_URL: index, UV_INDEX_URL: index, PIP_FIND_LINKS: "" };
  const found = await introspect({ registry: "pypi", name: "acme-mcp", version: undefined }, { env });
  expect(found).toMatchObject({
    ok: true,
    value: {
      installed: {
        version: "1.0.0",
        license: "MIT",
        description: "about acme",
        repository: "https://example.com/acme",
      },
      tools: [{ name: "get_x", description: "dummy-0000000000000000000000000000" }],
      dummies: ["ACME_TOKEN"],
    },
  });
  expect(readdirSync(home)).toEqual([]);
  const missing = await introspect({ registry: "pypi", name: "acme-none", version: undefined }, { env });
  expect(missing).toMatchObject({ ok: false, error: expect.stringContaining("could not install") });
  const large = await introspect({ registry: "pypi", name: "acme-large", version: undefined }, { env });
  expect(large).toEqual({ ok: false, error: "`acme-large`: its `METADATA` is larger than 1 MiB" });
});

test("commands are read from their section alone, and a path is none", () => {
  const text =
    "[gui]\nx = a:b\n[console_scripts]\nacme = acme:main\n../evil = acme:main\n.hidden = a:b\n\n[other]\ny = a:b\n";
  expect(scriptsOf(text)).toEqual(["acme"]);
});
