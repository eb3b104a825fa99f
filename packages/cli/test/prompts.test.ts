import { expect, test } from "vitest";
import { FILES, makeHome } from "./clients/home.ts";
import { runInProcess } from "./fake-io.ts";

const SECRET = "open-sesame-of-the-environment";

test.each([["scan"], ["init"]])(
  "%s asks with the commands, without what variables filled in",
  async (command) => {
    const home = makeHome({ SESAME: SECRET });
    const mcpServers = {
      near: { command: "no-such-server", args: ["serve", `\${SESAME}`, `--word=\${SESAME}`] },
      far: { type: "http", url: `https://127.0.0.1:1/\${SESAME}/mcp?q=\${SESAME}` },
    };
    home.write(FILES.claudeCodeProject, JSON.stringify({ mcpServers }));
    const surroundings = { cwd: home.project, env: home.env, isTerminal: true, stdin: "n\n" };
    const { stdout, stderr } = await runInProcess([command], surroundings);
    expect(stderr).toContain("  near: no-such-server serve *** --word=***\n  far: https://127.0.0.1:1/***\n");
    expect(stdout + stderr).not.toContain(SECRET);
  },
);
