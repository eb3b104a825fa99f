import { isJsonObject, type JsonObject } from "@portcullis/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLAUDE_CODE } from "../../src/clients/claude-code.ts";
import type { ClientKind } from "../../src/clients/client-kind.ts";
import { CODEX } from "../../src/clients/codex.ts";
import { CURSOR } from "../../src/clients/cursor.ts";
import { readDocument, valueAt } from "../../src/clients/document.ts";
import { changedText, rewriteEntry, unwriteEntry } from "../../src/clients/rewrite.ts";

const GATE = { url: "http://gate/mcp/srv_1/", headers: { Authorization: "Bearer t" } };
const TOML_GATE = { url: GATE.url, http_headers: GATE.headers };

const JSONC = `// mine, all of it
{
	"theme": "dark", /* kept */
	"mcpServers": {
		// reads files
		"files": {
			"command": "npx", // the runner
			/* what it gets */ "args": [
				"-y", // no questions
				"@x/files", "/srv/übung",
			],
			"disabledTools": ["rm"], // stays
			"env": { "TOKEN": "s3cret" } /* of the bot */,
			// nothing more
		},
		"other": {"command":"a","args":[]}, // beside
	}, // end
}
`;

const REWRITTEN_JSONC = `// mine, all of it
{
	"theme": "dark", /* kept */
	"mcpServers": {
		// reads files
		"files": {
			"url": "http://gate/mcp/srv_1/",
			"headers": {
				"Authorization": "Bearer t"
			}, // the runner
			/* what it gets */
			// no questions
			"disabledTools": ["rm"], // stays
			/* of the bot */
			// nothing more
		},
		"other": {"command":"a","args":[]}, // beside
	}, // end
}
`;

const TOML = `model = "o3" # mine
[mcp_servers.files] # reads files
# what runs
command = "npx" # the runner
args = [
  "-y", # no questions
  "a#b",
]
startup_timeout_sec = 10.0
[mcp_servers.files.env]
# of the bot
TOKEN = "a=b" # s3cret
[mcp_servers.files.tools.read]
approval = 1979-05-27T07:32:00Z
[tui]
theme = """
[mcp_servers.not_a_table]
"""
[mcp_servers]
inline = { command = "x", env = { A = "b" }, timeout = 1.0 } # one line
dotted.command = "y"
dotted."args" = ["a"]`;

const REWRITTEN_TOML = `model = "o3" # mine
[mcp_servers.files] # reads files
url = "http://gate/mcp/srv_1/"
http_headers = { Authorization = "Bearer t" }
# what runs
# the runner
# no questions
startup_timeout_sec = 10.0
# of the bot
# s3cret
[mcp_servers.files.tools.read]
approval = 1979-05-27T07:32:00Z
[tui]
theme = """
[mcp_servers.not_a_table]
"""
[mcp_servers]
inline = { timeout = 1.0, url = "http://gate/mcp/srv_1/", http_headers = { Authorization = "Bearer t" } } # one line
dotted.url = "http://gate/mcp/srv_1/"
dotted.http_headers = { Authorization = "Bearer t" }
`;

function rewrite(kind: ClientKind, text: string, path: readonly string[], members: JsonObject): string {
  const rewritten = rewriteEntry(kind, text, path, members);
  if (!rewritten.ok) throw new Error(rewritten.error);
  return rewritten.value;
}

function originalOf(kind: ClientKind, text: string, path: readonly string[]): JsonObject {
  const document = readDocument(kind.format, text);
  const value = document.ok ? valueAt(document.value.root, path) : undefined;
  if (value === undefined || !isJsonObject(value)) throw new Error("no entry");
  return value;
}

/** Rewrites and takes back, with `edit` in between. */
function roundTrip(
  kind: ClientKind,
  text: string,
  path: readonly string[],
  members: JsonObject,
  edit = (rewritten: string): string => rewritten,
): string | undefined {
  const rewritten = rewrite(kind, text, path, members);
  const original = originalOf(kind, text, path);
  const secrets = { original, members, ...changedText(kind, path, text, rewritten), token: "t" };
  const undone = unwriteEntry(kind, edit(rewritten), path, secrets);
  if (undone === undefined) return undefined;
  if (!undone.ok) throw new Error(undone.error);
  return undone.value;
}

const FILES = ["mcpServers", "files"];

describe("rewriting JSON with comments", () => {
  test("replaces the transport and keeps comments, other members and layout", () => {
    expect(rewrite(CURSOR, JSONC, FILES, GATE)).toBe(REWRITTEN_JSONC);
  });

  test.each([
    ["carriage returns", JSONC.replaceAll("\n", "\r\n"), REWRITTEN_JSONC.replaceAll("\n", "\r\n")],
    ["two spaces", JSONC.replaceAll("\t", "  "), REWRITTEN_JSONC.replaceAll("\t", "  ")],
  ])("with %s", (_name, text, wanted) => {
    expect(rewrite(CURSOR, text, FILES, GATE)).toBe(wanted);
  });

  test.each([
    [
      "an entry on one line stays on it",
      '{"mcpServers":{"files":{"command":"a","args":[]},"b":1}}',
      '{"mcpServers":{"files":{ "url": "http://gate/mcp/srv_1/", "headers": { "Authorization": "Bearer t" }},"b":1}}',
    ],
    [
      "no comma is left behind the last member",
      '{"mcpServers":{"files":{\n  "trust": true,\n  "command": "a"\n}}}',
      '{"mcpServers":{"files":{\n  "trust": true,\n  "url": "http://gate/mcp/srv_1/",\n  "headers": {\n    "Authorization": "Bearer t"\n  }\n}}}',
    ],
    [
      "a member with a name of ours is replaced",
      '{"mcpServers":{"files":{"url":"https://x/mcp","headers":{"A":"b"},"oauth":{}}}}',
      '{"mcpServers":{"files":{ "url": "http://gate/mcp/srv_1/", "headers": { "Authorization": "Bearer t" }}}}',
    ],
    [
      "a comma behind a line comment does not end in it",
      '{"mcpServers":{"files":{\n"command": "a" // x\n, "trust": true // y\n}}}',
      '{"mcpServers":{"files":{\n  "url": "http://gate/mcp/srv_1/",\n  "headers": {\n    "Authorization": "Bearer t"\n  },\n  // x\n "trust": true // y\n}}}',
    ],
  ])("%s", (_name, text, wanted) => {
    expect(rewrite(CURSOR, text, FILES, GATE)).toBe(wanted);
  });

  test("a name that is there twice is left alone", () => {
    const text = '{"mcpServers":{"files":{"command":"a"},"files":{"command":"b"}}}';
    expect(rewriteEntry(CURSOR, text, FILES, GATE)).toEqual({ ok: false, error: "it cannot be rewritten" });
  });

  test("names of prototypes are ordinary names", () => {
    const text = '{"mcpServers":{"__proto__":{"command":"a"},"constructor":{"command":"b"}}}';
    const once = rewrite(CURSOR, text, ["mcpServers", "__proto__"], GATE);
    const twice = rewrite(CURSOR, once, ["mcpServers", "constructor"], GATE);
    expect(JSON.parse(twice).mcpServers.constructor).toEqual(GATE);
    expect(twice.match(/"url"/g)).toHaveLength(2);
  });
});

describe("rewriting TOML", () => {
  test("replaces statements in every form and keeps comments, dates and floats", () => {
    const rewritten = ["files", "inline", "dotted"].reduce(
      (text, name) => rewrite(CODEX, text, ["mcp_servers", name], TOML_GATE),
      TOML,
    );
    expect(rewritten).toBe(REWRITTEN_TOML);
  });

  test("carriage returns stay", () => {
    const text = TOML.replaceAll("\n", "\r\n");
    const rewritten = rewrite(CODEX, text, ["mcp_servers", "files"], TOML_GATE);
    expect(rewritten.replaceAll("\r\n", "")).not.toContain("\n");
  });

  test("a name that needs quotes", () => {
    const text = '[mcp_servers."my files"]\ncommand = "a"\n';
    expect(rewrite(CODEX, text, ["mcp_servers", "my files"], { url: 'u"\\' })).toBe(
      '[mcp_servers."my files"]\nurl = "u\\"\\\\"\n',
    );
  });

  test("a table on one line with a date is left alone, because a date has no form here", () => {
    const text = 'mcp_servers = { a = { command = "x", since = 1979-05-27 } }\n';
    const nested = '[mcp_servers]\na = { command = "x", since = 1979-05-27 }\n';
    expect(rewriteEntry(CODEX, text, ["mcp_servers", "a"], TOML_GATE).ok).toBe(false);
    expect(rewriteEntry(CODEX, nested, ["mcp_servers", "a"], TOML_GATE).ok).toBe(false);
  });
});

describe("taking an entry back", () => {
  test.each([
    ["JSON", CURSOR, JSONC, FILES, GATE],
    ["JSON with carriage returns", CURSOR, JSONC.replaceAll("\n", "\r\n"), FILES, GATE],
    ["TOML", CODEX, TOML, ["mcp_servers", "files"], TOML_GATE],
    ["TOML on one line", CODEX, TOML, ["mcp_servers", "inline"], TOML_GATE],
    ["TOML with dotted keys", CODEX, TOML, ["mcp_servers", "dotted"], TOML_GATE],
  ])("%s is as it was, letter for letter", (_name, kind, text, path, members) => {
    expect(roundTrip(kind, text, path, members)).toBe(text);
  });

  test("edits elsewhere stay", () => {
    const edited = roundTrip(CURSOR, JSONC, FILES, GATE, (text) => text.replace("dark", "light"));
    expect(edited).toBe(JSONC.replace("dark", "light"));
  });

  test("edits in the entry stay, and its transport comes back", () => {
    const edit = (text: string): string => text.replace('["rm"]', '["rm", "mv"]');
    const edited = roundTrip(CURSOR, JSONC, FILES, GATE, edit) ?? "";
    const { args: _args, ...rest } = originalOf(CURSOR, edited, FILES);
    expect(rest).toEqual({ command: "npx", disabledTools: ["rm", "mv"], env: { TOKEN: "s3cret" } });
    const toml = roundTrip(CODEX, TOML, ["mcp_servers", "files"], TOML_GATE, (text) =>
      text.replace("10.0", "20.0"),
    );
    expect(originalOf(CODEX, toml ?? "", ["mcp_servers", "files"])).toMatchObject({
      command: "npx",
      args: ["-y", "a#b"],
      env: { TOKEN: "a=b" },
      startup_timeout_sec: 20,
    });
  });

  test.each([
    ["is gone", (text: string) => text.replace('"files"', '"moved"')],
    ["goes elsewhere by now", (text: string) => text.replace("http://gate", "http://elsewhere")],
  ])("an entry that %s is not ours any more", (_name, edit) => {
    expect(roundTrip(CURSOR, JSONC, FILES, GATE, edit)).toBeUndefined();
  });

  test("whatever an entry holds, it comes back letter for letter", () => {
    const word = fc.string({ unit: "grapheme", maxLength: 8 });
    const entry = fc.record(
      {
        command: word,
        args: fc.array(word, { maxLength: 3 }),
        env: fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true }),
        trust: fc.boolean(),
        note: fc.jsonValue({ maxDepth: 1 }),
      },
      { requiredKeys: ["command"] },
    );
    const servers = fc.dictionary(word, entry, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
    const indents = fc.constantFrom(undefined, 1, 2, "\t");
    fc.assert(
      fc.property(servers, indents, (mcpServers, indent) => {
        const text = JSON.stringify({ mcpServers, last: 1 }, undefined, indent);
        const [name = ""] = Object.keys(mcpServers);
        expect(roundTrip(CLAUDE_CODE, text, ["mcpServers", name], GATE)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
