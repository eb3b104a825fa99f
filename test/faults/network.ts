import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  EXPIRED,
  MCP_EXAMPLE,
  OTHER_EXAMPLE,
  TEST_KEY,
} from "../../packages/server/test/upstream/tls-certificates.ts";
import { BadLine } from "./bad-line.ts";
import { type Experiment, exactly, type Figure, promises } from "./experiment.ts";
import { Load } from "./load.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

const LIMITED = {
  version: "1",
  default: "deny",
  tools: { pay: { limits: [{ counter: "p", window: "month", max: 1 }] } },
} as const;

/** F33: names that lead nowhere, or to where nobody may go. */
export async function badNames(): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  const served = await rig.serve();
  const places = [
    { name: "a name that nobody knows", url: "https://nothing.invalid/mcp" },
    {
      name: "a name that is too long to be one",
      url: `https://${"a".repeat(60)}.${"b".repeat(60)}.invalid/mcp`,
    },
    { name: "a port where nobody listens", url: "http://127.0.0.1:1/mcp" },
  ];
  const figures: Figure[] = [];
  for (const [at, { name, url }] of places.entries()) {
    const registered = rig.register(`nowhere-${at}`, url, LIMITED);
    const load = new Load(rig.target(served, registered), 1);
    // Twice, under a limit of one: what was never sent costs nothing.
    const [first, second] = [await load.call("pay"), await load.call("pay")];
    await load.close();
    figures.push(exactly(name, `${first.outcome}, ${second.outcome}`, "failed, failed"));
    figures.push(
      exactly(
        "  the answer names the server",
        first.text.includes(`nowhere-${at}`) ? "yes" : first.text,
        "yes",
      ),
    );
  }
  await rig.stop(served);
  return [...figures, promises(brokenPromises(reconcile(rig, []), { drift: 0 }))];
}

const CERTIFICATES = [
  { name: "nobody vouches for it", certificate: MCP_EXAMPLE, isTrusted: false },
  { name: "it has expired", certificate: EXPIRED, isTrusted: true },
  { name: "it is another host's", certificate: OTHER_EXAMPLE, isTrusted: true },
];

/** F34: certificates that must not be believed, whatever the environment says. */
export async function badCertificates(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-tls-"));
  const authorities = join(folder, "authorities.pem");
  writeFileSync(
    authorities,
    CERTIFICATES.filter(({ isTrusted }) => isTrusted)
      .map(({ certificate }) => certificate)
      .join("\n"),
  );
  await using rig = await Rig.open();
  const env = { NODE_EXTRA_CA_CERTS: authorities, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const served = await rig.serve({ env });
  const figures: Figure[] = [];
  for (const [at, { name, certificate }] of CERTIFICATES.entries()) {
    let requests = 0;
    const server = createServer({ key: TEST_KEY, cert: certificate }, (_request, response) => {
      requests += 1;
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const registered = rig.register(`tls-${at}`, `https://127.0.0.1:${port}/mcp`, LIMITED);
    const load = new Load(rig.target(served, registered), 1);
    const { outcome, text } = await load.call("pay");
    await load.close();
    server.closeAllConnections();
    server.close();
    const said = /certificate|TLS/i.test(text) ? "says TLS" : text;
    figures.push(exactly(name, `${outcome}, ${said}, ${requests} requests`, "failed, says TLS, 0 requests"));
  }
  await rig.stop(served);
  rmSync(folder, { recursive: true });
  return [...figures, promises(brokenPromises(reconcile(rig, []), { drift: 0 }))];
}

/** F6, by chance and under load: the line between gateway and upstream is bad, and everybody's books still agree. */
export async function badLine(calls: number, seed: number): Promise<readonly Figure[]> {
  await using rig = await Rig.open();
  await using line = await BadLine.open(rig.bankUrl, { seed, oneIn: 6, delayMs: 300 });
  const document = { ...rig.bankPolicy(), description: "behind a bad line" };
  const registered = rig.register("behind", line.url, document, 1_000);
  const served = await rig.serve();
  const load = new Load(rig.target(served, registered), 16);
  const running = load.run(16, () => "pay");
  while (load.calls.length < calls) await new Promise(setImmediate);
  load.end();
  await running;
  await load.close();
  await rig.stop(served);
  const ran = new Set(rig.executions().map(({ n }) => n));
  const failed = load.calls.filter(({ outcome }) => outcome === "failed");
  const others = load.calls.filter(({ outcome }) => outcome !== "failed" && outcome !== "ran");
  // Without TLS a changed letter inside a well-formed answer is the answer.
  const unnamed = failed.filter(({ text, status }) => !text.includes("behind") && status !== 200);
  const found = reconcile(rig, load.calls);
  const mishaps = [...line.happened].map(([name, times]) => `${name} ${times}`).sort();
  return [
    exactly(
      "answers that are neither the tool's nor a failure that says why",
      others.length + unnamed.length,
      0,
    ),
    { what: "mishaps", required: "", measured: mishaps.join(", "), ok: line.happened.size > 0 },
    {
      what: "calls",
      required: "",
      measured: `${load.calls.length}, ${failed.length} failed, ${failed.filter(({ args }) => ran.has(args.n)).length} of them had run`,
      ok: true,
    },
    promises(brokenPromises(found, { drift: failed.length })),
  ];
}

export const F6_LINE: Experiment = {
  id: "F6-line",
  fault: "a bad line to an upstream, under load",
  run: ({ seed }) => badLine(5_000, seed),
};
export const F33: Experiment = { id: "F33", fault: "names of upstreams lead nowhere", run: badNames };
export const F34: Experiment = { id: "F34", fault: "certificates that are no good", run: badCertificates };
