import { describe, expect, test } from "vitest";
import { readStackFile } from "../../src/catalogue/api/read-stack-file.ts";
import { IMAGES, MAIL, openIndex, openSite } from "./site-fixture.ts";

function entryOf(entry: object) {
  const read = readStackFile(JSON.stringify({ mcpServers: { it: entry } }));
  if (!read.ok) throw new Error(read.error);
  return read.value[0];
}

describe("what runs is read out of", () => {
  const CASES: readonly (readonly [name: string, entry: object, found: string | undefined])[] = [
    ["npx", { command: "npx", args: ["-y", "@acme/mail"] }, "npm @acme/mail"],
    [
      "npx with a version",
      { command: "npx", args: ["-y", "@acme/mail@1.2.3", "--verbose"] },
      "npm @acme/mail",
    ],
    ["npx with -p", { command: "npx", args: ["-y", "-p", "pkg", "bin"] }, "npm pkg"],
    ["npx with --package=", { command: "npx", args: ["--package=pkg", "bin"] }, "npm pkg"],
    ["npx by its path", { command: "/usr/local/bin/npx", args: ["pkg"] }, "npm pkg"],
    ["npx.cmd", { command: "C:\\node\\npx.cmd", args: ["pkg"] }, "npm pkg"],
    ["cmd /c npx", { command: "cmd", args: ["/c", "npx", "-y", "pkg"] }, "npm pkg"],
    ["bunx", { command: "bunx", args: ["--bun", "pkg"] }, "npm pkg"],
    ["pnpm dlx", { command: "pnpm", args: ["dlx", "pkg"] }, "npm pkg"],
    ["npm exec", { command: "npm", args: ["exec", "--", "pkg"] }, "npm pkg"],
    ["uvx", { command: "uvx", args: ["acme-mail==1.0"] }, "pypi acme-mail"],
    ["uvx with extras", { command: "uvx", args: ["acme-mail[all]@latest"] }, "pypi acme-mail"],
    ["uvx --from", { command: "uvx", args: ["--from", "acme-mail", "mail"] }, "pypi acme-mail"],
    ["uv tool run", { command: "uv", args: ["tool", "run", "acme-mail"] }, "pypi acme-mail"],
    [
      "npx with a registry of its own",
      { command: "npx", args: ["--registry", "https://r.example", "pkg"] },
      "npm pkg",
    ],
    ["pipx run", { command: "pipx", args: ["run", "acme-mail"] }, "pypi acme-mail"],
    [
      "docker run",
      { command: "docker", args: ["run", "-i", "--rm", "-e", "TOKEN=secret", "ghcr.io/acme/mail:1.2"] },
      "oci ghcr.io/acme/mail",
    ],
    [
      "docker run with =",
      { command: "docker", args: ["run", "--env=TOKEN=secret", "acme/mail"] },
      "oci acme/mail",
    ],
    ["another command", { command: "node", args: ["server.js"] }, undefined],
    [
      "an option that nobody knows, which may carry a secret",
      { command: "npx", args: ["--token", "hunter2"] },
      undefined,
    ],
    ["what is no package", { command: "npx", args: ["-y", "Bearer hunter2"] }, undefined],
    ["no arguments", { command: "npx" }, undefined],
  ];
  for (const [name, entry, found] of CASES) {
    test(name, () => {
      const read = entryOf(entry)?.package;
      expect(read === undefined ? undefined : `${read.registry} ${read.name}`).toBe(found);
    });
  }

  test("a URL, of which only the host is kept", () => {
    for (const key of ["url", "serverUrl", "httpUrl"]) {
      expect(entryOf({ [key]: "https://user:hunter2@mcp.example:8443/hunter2?key=hunter2" })).toEqual({
        alias: "it",
        package: undefined,
        host: "mcp.example",
      });
    }
    expect(entryOf({ url: "file:///etc/passwd" })?.host).toBeUndefined();
  });
});

describe("files of clients", () => {
  const ENTRY = `{ "command": "npx", "args": ["-y", "pkg"] }`;
  const CASES: readonly (readonly [name: string, text: string])[] = [
    ["Claude, Cursor, Windsurf", `{ "mcpServers": { "it": ${ENTRY} } }`],
    ["VS Code, with comments and spare commas", `{ // mine\n "servers": { "it": ${ENTRY}, }, "inputs": [] }`],
    ["VS Code's settings", `{ "mcp": { "servers": { "it": ${ENTRY} } } }`],
    ["Zed", `{ "context_servers": { "it": { "command": { "path": "npx", "args": ["-y", "pkg"] } } } }`],
    ["with a byte order mark", `\uFEFF{ "mcpServers": { "it": ${ENTRY} } }`],
  ];
  for (const [name, text] of CASES) {
    test(name, () => {
      expect(readStackFile(text)).toEqual({
        ok: true,
        value: [{ alias: "it", package: { registry: "npm", name: "pkg" }, host: undefined }],
      });
    });
  }

  const BAD: readonly (readonly [name: string, text: string, error: string])[] = [
    ["nothing", "", "It is not JSON: something is wrong at character 1."],
    ["no JSON", "hunter2", "It is not JSON: something is wrong at character 1."],
    ["a list", "[]", "It is JSON, but no object."],
    [
      "no servers",
      '{"a":1}',
      "No servers were found in it: expected `mcpServers` or `servers`, with an entry per server.",
    ],
    [
      "a prototype",
      '{"__proto__":{"mcpServers":{"it":{}}}}',
      "No servers were found in it: expected `mcpServers` or `servers`, with an entry per server.",
    ],
    ["depth", `${'{"a":'.repeat(50_000)}1`, "It is nested too deeply to be an `mcp.json`."],
    [
      "too many",
      JSON.stringify({ servers: Object.fromEntries(Array.from({ length: 61 }, (_, at) => [at, {}])) }),
      "The file names 61 servers; at most 60 are read at once.",
    ],
  ];
  for (const [name, text, error] of BAD) {
    test(`${name} says what is wrong`, () => expect(readStackFile(text)).toEqual({ ok: false, error }));
  }
});

const SECRET = "hunter2-5ecret";
const FILE = JSON.stringify({
  mcpServers: {
    images: { command: "npx", args: ["-y", "@acme/container-images@1.0.0", SECRET], env: { TOKEN: SECRET } },
    post: { command: "npx", args: ["-y", "@acme/mail"], headers: { Authorization: SECRET } },
    other: { url: `https://${SECRET}@tools.example/${SECRET}?token=${SECRET}`, note: SECRET },
    odd: { command: SECRET, args: [SECRET] },
  },
  [SECRET]: SECRET,
});

function open() {
  return openSite(openIndex([IMAGES, MAIL]).reader);
}

function formOf(fields: Readonly<Record<string, string | File>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

describe("a stack from a file", () => {
  test("shows what the agents can call, the worst first, and a policy for each server", async () => {
    const page = await open().post("/catalogue/stack", formOf({ config: FILE }));
    expect(page.status).toBe(200);
    expect(page.text).toContain("<strong>7 tools</strong> of 2 servers.");
    const names = [
      ...page.text
        .slice(page.text.indexOf("The worst first"))
        .matchAll(/class="name mono" href="[^"]*\/([a-z_]+)"/g),
    ];
    expect(names.slice(0, 2).map(([, name]) => name)).toEqual(["pay_invoice", "delete_repository"]);
    expect(page.text).toContain("2 servers could not be looked up");
    expect(page.text).toContain("<code>portcullis init</code> does all that follows at once");
    expect(page.text).toContain('The 5 worst of 7. <a href="#all">All of them, by server</a>');
    expect(page.text).toContain("<code><bdi>tools.example</bdi></code>");
    expect(page.text).toContain('href="/catalogue/servers/@acme%2Fmail/policy.json" download');
    expect(page.text).toContain("portcullis server add --name mail -- npx -y @acme/mail@2.0.0");
  });

  test("comes as a dropped file, too", async () => {
    const file = new File([FILE], "mcp.json", { type: "application/json" });
    const page = await open().post("/catalogue/stack", formOf({ config: "", file }));
    expect(page.text).toContain("<strong>7 tools</strong> of 2 servers.");
  });

  test("is neither kept nor repeated: no secret of it is in any answer", async () => {
    const site = open();
    const page = await site.post("/catalogue/stack", formOf({ config: FILE }));
    const broken = await site.post("/catalogue/stack", formOf({ config: `{"${SECRET}": ${SECRET}` }));
    const api = await site.post("/api/v1/catalogue/stack", FILE, {
      headers: [["content-type", "application/json"]],
    });
    expect([page.status, broken.status, api.status]).toEqual([200, 422, 200]);
    for (const { text, headers } of [page, broken, api]) {
      expect(text).not.toContain(SECRET);
      expect(JSON.stringify([...headers])).not.toContain(SECRET);
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  test("tells a package from a mere name", async () => {
    const renamed = JSON.stringify({
      mcpServers: {
        "@acme/mail": { command: "npx", args: ["-y", "evil-mail"] },
        "container-images": { command: "node", args: ["x.js"] },
      },
    });
    const { text } = await open().post("/catalogue/stack", formOf({ config: renamed }));
    expect(text).toContain("<strong>5 tools</strong> of 1 server.");
    expect(text).toContain("found by its name only");
    expect(text).toContain("runs <code><bdi>evil-mail</bdi></code>");
  });

  test("that is empty says so", async () => {
    const page = await open().post("/catalogue/stack", formOf({ config: " ", file: "" }));
    expect(page.status).toBe(422);
    expect(page.text).toContain("Nothing was pasted, and no file was chosen.");
  });

  test("in no form is refused", async () => {
    const page = await open().post("/catalogue/stack", FILE, { headers: [["content-type", "text/plain"]] });
    expect(page.status).toBe(415);
  });
});

describe("a stack by names", () => {
  test("is a link, to which servers are added", async () => {
    const page = await open().get("/catalogue/stack?server=container-images&add=%40acme%2Fmail");
    expect([page.status, page.headers.get("location")]).toEqual([
      303,
      "/catalogue/stack?server=container-images&server=%40acme%2Fmail",
    ]);
  });

  test("offers what was probably meant", async () => {
    const { text } = await open().get("/catalogue/stack?server=container-images&add=mail");
    expect(text).toContain('href="/catalogue/stack?server=container-images&amp;server=%40acme%2Fmail"');
  });

  test("is not for search engines", async () => {
    const { text } = await open().get("/catalogue/stack?server=container-images");
    expect(text).toContain('<meta name="robots" content="noindex">');
  });

  test("cannot be asked for without end", async () => {
    const site = open();
    const ask = () => site.get("/catalogue/stack?server=container-images");
    for (let at = 0; at < 60; at++) expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(429);
    site.nowMs += 60_000;
    expect((await ask()).status).toBe(200);
  });
});
