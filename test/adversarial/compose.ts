/** Makes the bytes of one case for one cell: the well-formed call, changed only where the case says so. */
import type { Case } from "./corpus.ts";
import { toBytes, type Values } from "./template.ts";
import { LEGACY, MODERN } from "./world-server.ts";

/** What composing needs to know of a cell. */
export interface Target {
  readonly era: "legacy" | "modern";
  /** `http` speaks HTTP to the gateway, `lines` speaks stdio. */
  readonly front: "http" | "lines";
  readonly path: string;
  readonly host: string;
  readonly token: string;
  /** `Mcp-Session-Id`, where the gateway issued one. */
  readonly session: string | undefined;
}

export interface Composed {
  /** The whole request, head and body; the line without its end on stdio. */
  readonly wire: Buffer;
  readonly body: Buffer;
  /** What the answer may carry as its id, beside null. */
  readonly id: string | number | undefined;
}

const META = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{}}`;
let requests = 0;

export function compose(written: Case, target: Target): Composed {
  requests += 1;
  const values = valuesOf(written, target);
  const body = toBytes(bodyOf(written), values);
  const id = idOf(body);
  if (target.front === "lines") return { wire: body, body, id };
  if (written.wire !== undefined) return { wire: toBytes(written.wire, values), body, id };
  const head = toBytes(`${headOf(written, target, body).join("\r\n")}\r\n\r\n`, values);
  const sent = written.framing === "chunked" ? chunked(body) : body;
  return { wire: Buffer.concat([head, sent]), body, id };
}

function bodyOf({ body, method = "tools/call", params, arguments: args = "{}", tool = "any" }: Case): string {
  if (body !== undefined) return body;
  const members = params ?? `"name":${JSON.stringify(tool)},"arguments":${args}`;
  return `{"jsonrpc":"2.0","id":{{id}},"method":${JSON.stringify(method)},"params":{{{metaComma}}${members}}}`;
}

function valuesOf({ tool = "any", arguments: args = "{}" }: Case, target: Target): Values {
  const isModern = target.era === "modern";
  return {
    id: String(requests),
    /** The envelope's member, for bodies that are written out. */
    meta: isModern ? META : '"x":1',
    metaComma: isModern ? `${META},` : "",
    call: `{"jsonrpc":"2.0","id":${requests},"method":"tools/call","params":{{{metaComma}}"name":${JSON.stringify(tool)},"arguments":${args}}}`,
    path: target.path,
    host: target.host,
    token: target.token,
    session: target.session ?? "none",
    era: eraHeaders(target, "tools/call", tool).join("\r\n"),
  };
}

function headOf(written: Case, target: Target, body: Buffer): readonly string[] {
  const lines = new Map<string, string>([
    ["Host", target.host],
    ["Authorization", `Bearer ${target.token}`],
    ["Content-Type", "application/json"],
    ["Accept", "application/json, text/event-stream"],
  ]);
  for (const line of eraHeaders(target, written.method ?? "tools/call", written.tool ?? "any")) {
    const colon = line.indexOf(":");
    lines.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const framing = written.framing ?? "length";
  if (framing === "length") lines.set("Content-Length", String(body.length));
  if (framing === "chunked") lines.set("Transfer-Encoding", "chunked");
  const added: string[] = [];
  for (const [name, value] of Object.entries(written.headers ?? {})) {
    if (value === null) lines.delete(name);
    else if (name.startsWith("+")) added.push(`${name.slice(1)}: ${value}`);
    else lines.set(name, value);
  }
  return [
    written.start ?? `POST ${target.path} HTTP/1.1`,
    ...[...lines].map(([name, value]) => `${name}: ${value}`),
    ...added,
  ];
}

/** The mirrors of the modern era; version and session of the legacy one. */
function eraHeaders({ era, session }: Target, method: string, tool: string): readonly string[] {
  if (era === "modern") {
    const mirrors = [`MCP-Protocol-Version: ${MODERN}`, `Mcp-Method: ${method}`];
    return method === "tools/call" ? [...mirrors, `Mcp-Name: ${mirrored(tool)}`] : mirrors;
  }
  const version = `MCP-Protocol-Version: ${LEGACY}`;
  return session === undefined ? [version] : [version, `Mcp-Session-Id: ${session}`];
}

function mirrored(name: string): string {
  const isPlain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name) && !name.includes("{{");
  return isPlain ? name : `=?base64?${Buffer.from(name).toString("base64")}?=`;
}

function chunked(body: Buffer): Buffer {
  const half = Math.floor(body.length / 2);
  const chunk = (part: Buffer) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  const parts = [body.subarray(0, half), body.subarray(half)].filter((part) => part.length > 0).map(chunk);
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

function idOf(body: Buffer): Composed["id"] {
  try {
    const { id } = JSON.parse(body.toString("utf8")) as { id?: unknown };
    return typeof id === "string" || typeof id === "number" ? id : undefined;
  } catch {
    return undefined;
  }
}
