import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ToolDefinition, Verdict } from "@portcullis/catalogue";
import type { IncomingServer, JudgedTool } from "../store/incoming.ts";
import { toStructure } from "./structure.ts";

/** The snapshot that is shipped: JSON lines, packed. The head, then a server a line. */
interface Head {
  readonly format: 1;
}

export interface Seed {
  /** When it was packed; whole seconds. */
  readonly madeAtMs: number;
  /** Unpacks them: most starts need no more than the time. */
  readServers(): readonly IncomingServer[];
}

type SeedServer = Omit<IncomingServer, "tools" | "title" | "description" | "status" | "method"> & {
  readonly tools: readonly (readonly [ToolDefinition, string, Verdict])[];
};

/** Unpacked, it is some megabytes; nothing larger is ours. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A matched word is a fact about a definition; a sentence would be a piece of it. */
const MAX_EVIDENCE_CHARS = 40;

/** Packs what was learned of servers: facts and verdicts, and no text that their authors wrote to be read. */
export function packSeed(servers: readonly IncomingServer[], madeAtMs: number): Buffer {
  const head: Head = { format: 1 };
  const lines = [head, ...servers.map(toSeedServer)].map((line) => JSON.stringify(line));
  const packed = gzipSync(`${lines.join("\n")}\n`, { level: 9 });
  packed.writeUInt32LE(Math.trunc(madeAtMs / 1000), MTIME_OFFSET);
  return packed;
}

/** RFC 1952 section 2.3.1: the head of the archive says when it was made, in seconds. */
const MTIME_OFFSET = 4;

/** Reads a snapshot of our own making; throws for anything else. */
export function unpackSeed(packed: Buffer): Seed {
  return { madeAtMs: packed.readUInt32LE(MTIME_OFFSET) * 1000, readServers: () => readServers(packed) };
}

function readServers(packed: Buffer): readonly IncomingServer[] {
  const text = gunzipSync(packed, { maxOutputLength: MAX_BYTES }).toString("utf8").trim();
  const [first = "", ...lines] = text.split("\n");
  if ((JSON.parse(first) as Head).format !== 1)
    throw new Error("the snapshot of the catalogue has an unknown format");
  return lines.map((line) => fromSeedServer(JSON.parse(line) as SeedServer));
}

/** Beside the code where everything is one bundle, else in the package's folder. */
const PLACES = ["./catalogue-seed.jsonl.gz", "../../../seed/catalogue-seed.jsonl.gz"];

/** The snapshot that came with this program, if one did. */
export function readShippedSeed(): Buffer | undefined {
  const file = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) =>
    existsSync(path),
  );
  return file === undefined ? undefined : readFileSync(file);
}

function toSeedServer(server: IncomingServer): SeedServer {
  const {
    title: _title,
    description: _description,
    status: _status,
    method: _method,
    tools,
    ...facts
  } = server;
  const judged = tools?.kind === "judged" ? tools.items : [];
  return {
    ...facts,
    tools: judged.map(({ definition, hash, verdict }) => [toStructure(definition), hash, toShipped(verdict)]),
  };
}

function fromSeedServer({ tools, ...facts }: SeedServer): IncomingServer {
  const items = tools.map(([definition, hash, verdict]): JudgedTool => ({ definition, hash, verdict }));
  return { ...facts, status: "active", method: "introspected", tools: { kind: "judged", items } };
}

function toShipped(verdict: Verdict): Verdict {
  const evidence = verdict.evidence.map((one) =>
    (one.source === "description" || one.source === "title") && one.text.length > MAX_EVIDENCE_CHARS
      ? { ...one, text: "" }
      : one,
  );
  return { ...verdict, evidence };
}
