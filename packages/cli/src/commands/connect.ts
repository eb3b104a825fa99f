import { PassThrough, Readable, Writable } from "node:stream";
import type { PolicyDocument, Result } from "@portcullis/policy";
import { findGrant, runStdio, type State } from "@portcullis/server";
import { type InitRecord, openEntry, type RecordedEntry, readInitRecord } from "../clients/init-record.ts";
import { type Context, refuse } from "../context.ts";
import { selfCommand } from "../data-folder.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { toWritable } from "../io.ts";
import { gatewayUrls, withWorkspace } from "../workspace.ts";

const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** The gateway's own deadline comes first. */
const DEADLINE_MS = 3_600_000;

/** The gateway decides; what it lets through passes here untouched. */
const PASS: PolicyDocument = {
  version: "1",
  default: "allow",
  server_requests: { sampling: "allow", elicitation: "allow", roots: "allow" },
};

/**
 * `connect LABEL`: speaks MCP on stdio for a client that only starts commands, and sends everything to the gateway.
 * The token is sealed in the data folder, so that it is in no file of the client and in no process list.
 */
export async function connect(context: Context): Promise<ExitCode> {
  const [label = ""] = context.args;
  const urlOf = await gatewayUrls(context);
  let gate: { readonly url: string; readonly token: string } | undefined;
  const opened = await withWorkspace(context, { create: false }, ({ folder, state }) => {
    const record = readInitRecord(folder);
    if (!record.ok) return refuse(context, record.error);
    const entry = entryOf(record.value, label, state);
    const secrets = entry === undefined ? undefined : openEntry(folder, entry);
    if (entry === undefined || secrets === undefined) {
      return refuse(context, `\`init\` made no entry \`${label}\` in this data folder; run it again`);
    }
    gate = { url: urlOf(entry.server), token: secrets.token };
    return EXIT.ok;
  });
  if (gate === undefined) return opened;
  const ended = await bridge(context, gate);
  if (ended.ok) return EXIT.ok;
  return refuse(
    context,
    `the gateway at ${gate.url}: ${ended.error}; is \`${selfCommand(context.io)} serve\` running?`,
  );
}

/** Labels are unique among live grants only: of several entries, the one whose grant still is. */
function entryOf({ entries }: InitRecord, label: string, state: State): RecordedEntry | undefined {
  const named = entries.filter((each) => each.label === label);
  const isLive = ({ grant }: RecordedEntry): boolean => {
    const found = findGrant(state, grant);
    return found !== undefined && found.revokedAtMs === undefined;
  };
  return named.find(isLive) ?? named.at(-1);
}

async function bridge(
  { io }: Context,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<Result<void, string>> {
  const source = io.stdin instanceof Readable ? io.stdin : Readable.from(io.stdin);
  const input = new PassThrough();
  source.on("error", () => input.end());
  source.pipe(input);
  io.stopSignal().addEventListener("abort", () => input.end(), { once: true });
  const ended = await runStdio({
    policy: PASS,
    policyName: "pass",
    target: { kind: "http", url, headers: [["Authorization", `Bearer ${token}`]] },
    era: "auto",
    deadlineMs: DEADLINE_MS,
    // The gateway keeps the pins.
    onChange: "allow",
    data: undefined,
    maxBodyBytes: MAX_BODY_BYTES,
    logLevel: "warn",
    input,
    output: toWritable(io.stdout),
    // The gateway keeps the log.
    rows: new Writable({ write: (_chunk, _encoding, done) => done() }),
    log: toWritable(io.stderr),
  });
  source.destroy();
  return ended;
}
