import { describe, expect, test } from "vitest";
import type { ClientFile } from "../../src/clients/discover.ts";
import { createLookAlikes } from "../../src/clients/look-alikes.ts";
import { toCandidates } from "../../src/commands/init/candidate.ts";
import { type Ended, runInProcess } from "../fake-io.ts";
import { FILES, type Home, makeHome } from "./home.ts";

const GITHUB = "`@modelcontextprotocol/server-github`";

/** A project whose file names these commands. */
function projectWith(servers: { readonly [name: string]: readonly string[] }): Home {
  const home = makeHome();
  const entries = Object.entries(servers).map(
    ([name, [command, ...args]]) => [name, { command, args }] as const,
  );
  home.write(FILES.claudeCodeProject, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
  return home;
}

function run({ project, env }: Home, ...argv: readonly string[]): Promise<Ended> {
  return runInProcess(argv, { cwd: project, env });
}

describe("a package that looks like a well-known one", () => {
  test.each([
    [["npx", "-y", "@modelcontextprotocol/server-github"], undefined],
    [
      ["npx", "-y", "@p1aywright/mcp@1.0.0"],
      "`@p1aywright/mcp` looks like `@playwright/mcp`, which is published from `github.com/microsoft/playwright-mcp`; check that it is the one you mean.",
    ],
    [["node", "server.js"], undefined],
    [["docker", "run", "mcp/fetch"], undefined],
  ])("%j", (command, wanted) => {
    expect(createLookAlikes()(command)).toBe(wanted);
  });

  test("the snapshot is read once, and only where a package is run", () => {
    let reads = 0;
    const lookAlikes = createLookAlikes(() => {
      reads += 1;
      return [{ registry: "npm", name: "some-notes-mcp", repository: undefined }];
    });
    lookAlikes(["node", "server.js"]);
    expect(reads).toBe(0);
    expect(lookAlikes(["npx", "some-ntoes-mcp"])).toBe(
      "`some-ntoes-mcp` looks like `some-notes-mcp`, which is well known; check that it is the one you mean.",
    );
    lookAlikes(["npx", "other"]);
    expect(reads).toBe(1);
  });

  test("scan reports it, with high risk", async () => {
    const home = projectWith({
      right: ["npx", "-y", "@modelcontextprotocol/server-github@2025.4.8"],
      wrong: ["npx", "-y", "@modelcontextprotocoI/server-github@1.0.0"],
    });
    const json = await run(home, "scan", ".mcp.json", "--json", "--fail-on", "high");
    const { servers, failures } = JSON.parse(json.stdout);
    const findings = servers.map(({ name, findings: found }: { name: string; findings: unknown }) => [
      name,
      found,
    ]);
    expect(json.code).toBe(1);
    expect(Object.fromEntries(findings)).toEqual({
      right: [],
      wrong: [
        {
          rule: "look-alike-package",
          risk: "high",
          message: expect.stringContaining(`looks like ${GITHUB}`),
        },
      ],
    });
    expect(failures).toContainEqual(expect.stringMatching(/^wrong: .* looks like .* \(high\)$/));
    const sarif = await run(home, "scan", ".mcp.json", "--format", "sarif");
    expect(JSON.parse(sarif.stdout).runs[0].results).toContainEqual(
      expect.objectContaining({ ruleId: "look-alike-package", level: "warning" }),
    );
  });

  test("scan says so before it starts anything", async () => {
    const home = projectWith({ wrong: ["npx", "-y", "mcp-server-kuberentes"] });
    const surroundings = { cwd: home.project, env: home.env, isTerminal: true, stdin: "n\n" };
    const { stderr, stdout } = await runInProcess(["scan", ".mcp.json"], surroundings);
    expect(stderr).toContain(
      "To list them would run:\n  wrong: npx -y mcp-server-kuberentes\nwarning: wrong: ",
    );
    expect(stdout).toContain(
      "high  wrong: `mcp-server-kuberentes` looks like `mcp-server-kubernetes`, which ",
    );
  });

  test("scan of a command says so too", async () => {
    const home = makeHome();
    const named = await run(home, "scan", "--json", "--", "npx", "--no", "mcp-server-kuberentes");
    expect(JSON.parse(named.stdout).servers[0].findings).toMatchObject([{ rule: "look-alike-package" }]);
  });

  test("init warns of it before it starts anything, and goes on", async () => {
    const home = projectWith({ wrong: ["npx", "-y", "mcp-server-kuberentes"] });
    const ended = await run(home, "init", "--dry-run", "--json");
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /^warning: wrong: `mcp-server-kuberentes` looks like `mcp-server-kubernetes`, which /,
    );
  });

  test("init reports it with the server", () => {
    const target = { kind: "stdio", command: ["npx", "mcp-server-kuberentes"] } as const;
    const entry = { name: "k", path: [], line: 1, value: {}, state: { kind: "server", target } };
    const file = { kind: { id: "x" }, place: { path: "/x", scope: "user" }, entries: [entry] };
    const [candidate] = toCandidates([file as unknown as ClientFile], [], createLookAlikes());
    expect(candidate?.findings).toMatchObject([{ rule: "look-alike-package", risk: "high" }]);
  });
});
