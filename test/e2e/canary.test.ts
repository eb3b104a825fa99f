import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Registered, type Rig, startRig } from "./harness.ts";
import { type ScriptedUpstream, startUpstream, TOOL } from "./scripted-upstream.ts";

const VERSION = "2026-07-28";
const CREDENTIAL = "upstream-credential-canary-9f27c1";
const ARGUMENT = "argument-value-canary-51be0d";
const AMOUNT = 48151623;

let rig: Rig;
let upstream: ScriptedUpstream;
let registered: Registered;

beforeEach(async () => {
  rig = await startRig();
  upstream = await startUpstream(({ received, result, error, status }) => {
    const { method } = received.message;
    const name = (received.message["params"] as { name?: string } | undefined)?.name;
    if (method === "server/discover")
      result({ resultType: "complete", supportedVersions: [VERSION], capabilities: {} });
    else if (method === "tools/list") {
      result({
        resultType: "complete",
        tools: ["ok", "fail", "broken", "capped", "denied", "reflects"].map((tool) => TOOL(tool)),
      });
    } else if (name === "fail") error(-32000, "no");
    else if (name === "broken") status(500);
    else if (name === "reflects") {
      result({
        resultType: "complete",
        content: [{ type: "text", text: `your key is ${received.headers["x-api-key"]}` }],
      });
    } else result({ resultType: "complete", content: [] });
  });
  registered = rig.add(
    "canary",
    { kind: "http", url: upstream.url, headers: [["x-api-key", CREDENTIAL]] },
    {
      version: "1",
      default: "allow",
      tools: {
        capped: { limits: [{ counter: "c", window: "day", max: 10, increment_from: "args.amount" }] },
        denied: { deny_if: [{ conditions: [{ path: "args.secret", op: "exists", value: true }] }] },
      },
    },
  );
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

async function call(name: string, token = registered.token): Promise<string> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name, arguments: { secret: ARGUMENT, amount: AMOUNT }, _meta: meta };
  const response = await fetch(registered.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "mcp-protocol-version": VERSION,
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
  return response.text();
}

/** The secret itself, and how it could hide. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64").replace(/=+$/, "");
  return [
    secret,
    secret.slice(0, 12),
    secret.slice(-12),
    bytes.toString("hex"),
    base64.slice(0, -2),
    encodeURIComponent(secret),
  ];
}

test("token, credential and argument values are in no log, row, metric, error or file (P7)", async () => {
  const answers: string[] = [];
  for (const name of ["ok", "fail", "broken", "capped", "denied", "unknown", "reflects"])
    answers.push(await call(name));
  answers.push(await call("ok", `${registered.token.slice(0, -1)}x`));
  const metrics = await (await fetch(`${rig.gateway.adminUrl}/metrics`)).text();
  const files = readdirSync(rig.folder.path).map((file) =>
    readFileSync(join(rig.folder.path, file), "latin1"),
  );
  const places = {
    answers: answers.join("\n"),
    log: rig.logged(),
    rows: JSON.stringify(rig.rows()),
    metrics,
    files: files.join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const secret of [registered.token.slice(6), CREDENTIAL, ARGUMENT]) {
      const found = spellings(secret).filter((spelling) => text.includes(spelling));
      expect({ place, secret, found }).toEqual({ place, secret, found: [] });
    }
  }
  // The agent is told what it asked for; nobody else is.
  expect(places.answers).toContain(`asked ${AMOUNT}`);
  expect(
    [places.log, places.rows, places.metrics, places.files].filter((text) => text.includes(String(AMOUNT))),
  ).toEqual([]);
});
