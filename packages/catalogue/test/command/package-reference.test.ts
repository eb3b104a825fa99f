import { describe, expect, test } from "vitest";
import { packageOf } from "../../src/command/package-reference.ts";

describe("the package that a command runs", () => {
  test.each([
    ["npx -y @x/files@1.2.3 /srv", "npm @x/files 1.2.3"],
    ["npx --registry https://r.example a", "npm a -"],
    ["npx --registry=https://r.example a", "npm a -"],
    ["npx --yes --package=a@1.0.0 run-a", "npm a 1.0.0"],
    ["npx -y -p a@2.0.0 run-a", "npm a 2.0.0"],
    ["C:\\node\\NPX.CMD a", "npm a -"],
    ["cmd /c npx -y a", "npm a -"],
    ["cmd.exe /d /s /C npx -y a", "npm a -"],
    ["pnpm dlx a@1.0.0", "npm a 1.0.0"],
    ["yarn dlx a", "npm a -"],
    ["npm exec -- a", "npm a -"],
    ["npm x --yes a", "npm a -"],
    ["bunx --bun a", "npm a -"],
    ["bun x a", "npm a -"],
    ["uvx acme==1.0", "pypi acme 1.0"],
    ["uvx -p 3.12 acme[all]@latest", "pypi acme latest"],
    ["uvx acme>=1.0", "pypi acme >=1.0"],
    ["uvx --with other --from acme run-acme", "pypi acme -"],
    ["uv tool run acme", "pypi acme -"],
    ["pipx run --spec acme==2.0 run-acme", "pypi acme 2.0"],
    ["docker run -i --rm -e KEY=x ghcr.io/x/y:1.2", "oci ghcr.io/x/y 1.2"],
    ["docker run -eKEY=x -v/a:/b --gpus all x/y", "oci x/y -"],
    ["docker container run --cap-drop ALL r.example:5000/x/y@sha256:ab", "oci r.example:5000/x/y sha256:ab"],
    ["podman run --env=KEY=x x/y", "oci x/y -"],
    ["npx -y @mоdel/ﬁles@1.0.0", "npm @mоdel/ﬁles 1.0.0"],
  ])("%s", (command, wanted) => {
    const found = packageOf(command.split(" "));
    expect(found && `${found.registry} ${found.name} ${found.version ?? "-"}`).toBe(wanted);
  });

  test.each([
    [[]],
    [["node", "server.js"]],
    [["npx"]],
    [["npx", "./local"]],
    [["npx", ".."]],
    [["npx", "-p"]],
    [["uvx", "--from", "git+https://x.example/y", "y"]],
    [["pnpm", "run", "x"]],
    [["docker", "compose", "up"]],
    [["cmd", "/k", "npx", "a"]],
    [["cmd", "/c"]],
    [["npx", "a".repeat(215)]],
    // What follows an option that nobody knows may be a key.
    [["npx", "--token", "hunter2"]],
    [["npx", "-y", "Bearer hunter2"]],
  ])("%j runs none that can be told", (command) => {
    expect(packageOf(command)).toBeUndefined();
  });
});
