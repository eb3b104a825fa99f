import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NewServer } from "@portcullis/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Registered, type Rig, readRows, startRig } from "./harness.ts";
import { LEGACY, openSession, request, sendLegacy } from "./legacy-client.ts";
import { META, MODERN, sendModern } from "./modern-client.ts";
import { type Answering, startUpstream, TOOL } from "./scripted-upstream.ts";
import { PORTCULLIS } from "./served.ts";

/** With characters that URLs, JSON and Base64 write in other ways. */
const CREDENTIAL = "upstream+credential/canary=9f27c1";
const ARGUMENT = "argument-value-canary-51be0d";
/** What a URI can carry besides the place; the agent is told what it asked for, nobody else is. */
const USER_INFO = "user:password-canary-c3a9e2";
const QUERY = "uri-query-canary-77d0f4";
const AMOUNT = 48151623;
const CALLED = ["ok", "fail", "capped", "denied", "unknown", "reflects", "broken"];
const ARGS = { secret: ARGUMENT, amount: AMOUNT, region: ARGUMENT };
/** A fragment of a secret this long is a finding. */
const FRAGMENT = 12;

const POLICY = {
  version: "1",
  default: "allow",
  tools: {
    capped: { limits: [{ counter: "c", window: "day", max: 10, increment_from: "args.amount" }] },
    denied: { deny_if: [{ conditions: [{ path: "args.secret", op: "exists", value: true }] }] },
  },
  resources: { allow: ["docs://open/**"] },
  prompts: { allow: ["greet"] },
};
/** Values of arguments that no tool takes, allowed and denied. */
const BESIDES: readonly { readonly method: string; readonly params: object }[] = [
  ...["greet", "other"].map((name) => ({
    method: "prompts/get",
    params: { name, arguments: { secret: ARGUMENT } },
  })),
  ...["greet", "other"].map((name) => ({
    method: "completion/complete",
    params: { ref: { type: "ref/prompt", name }, argument: { name: "secret", value: ARGUMENT } },
  })),
  ...["open", "closed"].map((host) => ({
    method: "resources/read",
    params: { uri: `docs://${USER_INFO}@${host}/a?key=${QUERY}#${QUERY}` },
  })),
];
const STDIO = [process.execPath, join(import.meta.dirname, "fixtures/canary-server.mjs")];

/** Where a secret could be found, by name. */
type Places = Readonly<Record<string, string>>;

interface Walked {
  /** What the agent was told. */
  readonly answers: string;
  /** What anybody else can read. */
  readonly places: Places;
  readonly secrets: Readonly<Record<string, string>>;
}

/** A server over HTTP that gives away its credential wherever it can. */
function startGossip() {
  return startUpstream(({ received, result, error, status }: Answering) => {
    const key = String(received.headers["x-api-key"]);
    const { method, params } = received.message as { method?: string; params?: { name?: string } };
    const isModern = received.headers["mcp-protocol-version"] === MODERN;
    const answer = (value: object, headers?: Record<string, string>) =>
      result(isModern ? { resultType: "complete", ...value } : value, headers);
    const greeting = { capabilities: { tools: {} }, instructions: `Remember ${key}.` };
    if (method === "server/discover" && isModern) answer({ supportedVersions: [MODERN], ...greeting });
    else if (method === "initialize") {
      const serverInfo = { name: "canary", version: key };
      answer({ protocolVersion: LEGACY, serverInfo, ...greeting }, { "mcp-session-id": `upstream-${key}` });
    } else if (method === "tools/list") {
      const tools = [...CALLED, "mirrored"].filter((name) => name !== "unknown");
      const properties = { region: { type: "string", "x-mcp-header": "Region" } };
      answer({
        tools: tools.map((name) =>
          TOOL(name, {
            description: `Uses the key ${key}.`,
            inputSchema: { type: "object", ...(name === "mirrored" ? { properties } : {}) },
          }),
        ),
      });
    } else if (method === undefined || received.message["id"] === undefined) status(202);
    else if (params?.name === "fail") error(-32000, `the key ${key} is not allowed`);
    else if (params?.name === "broken") error(-32000, `the key ${key} broke it`, 500);
    else if (params?.name === "reflects") {
      const hex = Buffer.from(key).toString("hex");
      answer({ content: [{ type: "text", text: `your key is ${key}, or ${hex}` }] });
    } else answer({ content: [] });
  });
}

/** Bodies that are refused before anybody reads their arguments. */
const MALFORMED = [
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"a":"${ARGUMENT}","a":1}}}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"a":"${ARGUMENT}","b":1e999}}}`,
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":"${ARGUMENT}"}}`,
  `{"a":"${ARGUMENT}"`,
  `[{"a":"${ARGUMENT}"}]`,
];

async function textOf(sent: Promise<Response>): Promise<string> {
  return (await sent).text();
}

/** What strangers and careless clients send besides. */
async function sendCarelessly({ url, token }: Registered): Promise<string[]> {
  const forged = `${token.slice(0, -1)}x`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answers = MALFORMED.map((body) => textOf(fetch(url, { method: "POST", headers, body })));
  for (const authorization of [`Bearer ${forged}`, `bearer  ${token}`, `Basic ${btoa(token)}`, token])
    answers.push(textOf(fetch(url, { method: "POST", headers: { ...headers, authorization }, body: "{}" })));
  for (const strange of [`${url}?token=${token}`, `${url}${token}/`, `${url}?a=${ARGUMENT}`])
    answers.push(textOf(fetch(strange, { method: "POST", headers, body: "{}" })));
  return Promise.all(answers);
}

async function callModern(to: Registered): Promise<string[]> {
  const answers: string[] = [];
  for (const name of CALLED)
    answers.push(await textOf(sendModern(to, "tools/call", { name, arguments: ARGS })));
  for (const { method, params } of BESIDES) answers.push(await textOf(sendModern(to, method, params)));
  const mirrored = { name: "mirrored", arguments: ARGS };
  const headers = { "mcp-param-region": `other-${ARGUMENT}` };
  answers.push(await textOf(sendModern(to, "tools/call", mirrored, { headers })));
  answers.push(await textOf(sendModern(to, "tools/list", {})));
  return answers;
}

async function callLegacy(to: Registered): Promise<string[]> {
  const session = await openSession(to);
  const send = (method: string, params: object) =>
    textOf(sendLegacy(to, request(method, params), { session }));
  const answers: string[] = [];
  // Before the call that ends a command, and its session with it.
  for (const { method, params } of BESIDES) answers.push(await send(method, params));
  for (const name of CALLED) answers.push(await send("tools/call", { name, arguments: ARGS }));
  answers.push(await send("tools/list", {}));
  answers.push(await textOf(sendLegacy(to, request("ping"), { session: `${session}${ARGUMENT}` })));
  return answers;
}

/** Every byte of every file of a folder. */
function bytesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

async function walkGateway(
  target: (rig: Rig) => Promise<NewServer["target"]>,
  era: NewServer["era"],
  call: (to: Registered) => Promise<string[]>,
): Promise<Walked> {
  const rig = await startRig();
  onTestFinished(() => rig[Symbol.asyncDispose]());
  const registered = rig.add("canary", await target(rig), POLICY, { era });
  const answers = [...(await call(registered)), ...(await sendCarelessly(registered))];
  const metrics = await textOf(fetch(`${rig.gateway.adminUrl}/metrics`));
  return {
    answers: answers.join("\n"),
    places: {
      log: rig.logged(),
      rows: JSON.stringify(rig.rows()),
      metrics,
      files: bytesOf(rig.folder.path),
    },
    // Without the prefix, which is everywhere the same.
    secrets: { token: registered.token.slice(6), credential: CREDENTIAL, argument: ARGUMENT },
  };
}

async function overHttp(): Promise<NewServer["target"]> {
  const upstream = await startGossip();
  onTestFinished(() => upstream[Symbol.asyncDispose]());
  return { kind: "http", url: upstream.url, headers: [["x-api-key", CREDENTIAL]] };
}

async function overStdio(): Promise<NewServer["target"]> {
  return {
    kind: "stdio",
    command: STDIO,
    environment: [{ name: "API_KEY", value: CREDENTIAL, isSecret: true }],
  };
}

/** `run` as a client's configuration starts it; with a data folder, or with its rows on standard error. */
async function walkRun(hasData: boolean): Promise<Walked> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-canary-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, "data");
  writeFileSync(join(folder, "p.json"), JSON.stringify(POLICY));
  const [node = "", ...script] = PORTCULLIS;
  const settings = [
    "run",
    "-c",
    "p.json",
    "--env",
    "API_KEY=env:GIVEN",
    ...(hasData ? ["--data", data] : []),
  ];
  const child = spawn(node, [...script, ...settings, "--", ...STDIO], {
    cwd: folder,
    env: { PATH: process.env["PATH"], GIVEN: CREDENTIAL },
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answers: string[] = [];
  const ask = async (line: string) => {
    child.stdin.write(`${line}\n`);
    answers.push((await lines.next()).value ?? "");
  };
  for (const name of CALLED) {
    const params = { name, arguments: ARGS, _meta: META };
    await ask(JSON.stringify(request("tools/call", params)));
  }
  for (const { method, params } of BESIDES)
    await ask(JSON.stringify(request(method, { ...params, _meta: META })));
  for (const body of MALFORMED) await ask(body);
  child.stdin.end();
  await once(child, "close");
  const rows = hasData
    ? { rows: JSON.stringify(readRows(join(data, "ledger.db"))), files: bytesOf(data) }
    : {};
  return {
    answers: answers.join("\n"),
    places: { log, ...rows },
    secrets: { credential: CREDENTIAL, argument: ARGUMENT },
  };
}

/** Every fragment of a secret, however it could be written. */
function fragmentsOf(secret: string): readonly string[] {
  const found = new Set<string>();
  const add = (text: string, length: number) => {
    for (let at = 0; at + length <= text.length; at += 1) found.add(text.slice(at, at + length));
  };
  add(secret, FRAGMENT);
  add(encodeURIComponent(secret), FRAGMENT);
  const hex = Buffer.from(secret).toString("hex");
  add(hex, 2 * FRAGMENT);
  add(hex.toUpperCase(), 2 * FRAGMENT);
  add(hex.replaceAll(/../g, "%$&"), 3 * FRAGMENT);
  // Wherever in a longer text it began; what its neighbours share a character with is cut off.
  for (const before of ["", "x", "xx"]) {
    for (const encoding of ["base64", "base64url"] as const) {
      const text = Buffer.from(before + secret)
        .toString(encoding)
        .replace(/=+$/, "");
      add(text.slice(before === "" ? 0 : 4, -2), (4 * FRAGMENT) / 3);
    }
  }
  return [...found];
}

function findingsIn(text: string, secrets: Walked["secrets"]): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    fragmentsOf(secret)
      .filter((fragment) => text.includes(fragment))
      .map((fragment) => `${name}: ${fragment}`),
  );
}

describe("token, credential and argument values are in no log, row, metric, error or file (P7)", () => {
  test.each<{ path: string; walk: () => Promise<Walked> }>([
    { path: "modern over HTTP", walk: () => walkGateway(overHttp, "modern", callModern) },
    { path: "legacy over HTTP, in a session", walk: () => walkGateway(overHttp, "legacy", callLegacy) },
    { path: "modern, a command behind", walk: () => walkGateway(overStdio, "modern", callModern) },
    { path: "legacy, a command behind", walk: () => walkGateway(overStdio, "legacy", callLegacy) },
    { path: "`run` with a data folder", walk: () => walkRun(true) },
    { path: "`run` with its rows on standard error", walk: () => walkRun(false) },
  ])("$path", async ({ walk }) => {
    const { answers, places, secrets } = await walk();
    expect(findingsIn(answers, secrets)).toEqual([]);
    for (const [place, text] of Object.entries(places))
      expect([place, findingsIn(text, { ...secrets, userInfo: USER_INFO, query: QUERY })]).toEqual([
        place,
        [],
      ]);
    // The server tried, and the agent is told what it asked for; nobody else is.
    expect(answers).toContain("your key is [redacted], or [redacted]");
    expect(answers).toContain("the key [redacted] is not allowed");
    expect(answers).toContain(`asked ${AMOUNT}`);
    expect(Object.keys(places).filter((place) => places[place]?.includes(String(AMOUNT)))).toEqual([]);
  });

  test("the search itself finds every way of writing", () => {
    const json = JSON.stringify({ a: CREDENTIAL.slice(3, 15) });
    const ways = [
      json,
      encodeURIComponent(CREDENTIAL),
      Buffer.from(CREDENTIAL.slice(4)).toString("hex"),
      Buffer.from(`ab${CREDENTIAL}`).toString("base64"),
      Buffer.from(`abc${CREDENTIAL}`).toString("base64url"),
    ];
    expect(ways.filter((way) => findingsIn(way, { credential: CREDENTIAL }).length === 0)).toEqual([]);
    expect(findingsIn(CREDENTIAL.slice(0, FRAGMENT - 1), { credential: CREDENTIAL })).toEqual([]);
  });
});
