import { type ToolDefinition, toToolDefinition } from "@portcullis/catalogue";
import { err, isJsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";

/** A tool of the input, with the server that the input names. */
export interface GivenTool {
  readonly server: string | undefined;
  readonly tool: ToolDefinition;
}

/** Longest line, and largest document of several lines, that is taken into memory; UTF-16 units. */
const MAX_CHARS = 64 * 1024 * 1024;

/**
 * The tools of a stream: one `{server, tool, description, inputSchema, annotations}` per line, or what `tools/list`
 * answers, on one line or on several. What cannot be read comes as an error that names the line.
 */
export async function* readTools(
  bytes: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Result<GivenTool, string>> {
  let number = 0;
  let document: string | undefined;
  for await (const line of linesOf(bytes)) {
    number++;
    if (document !== undefined) {
      document = document.length + line.length < MAX_CHARS ? `${document}\n${line}` : document;
      continue;
    }
    if (line.trim() === "") continue;
    // Only what begins like a document of several lines is waited for.
    if (number === 1 && (line.trim() === "{" || line.trim() === "[")) document = line;
    else yield* readLine(line, number);
  }
  if (document !== undefined) yield* readLine(document, 1);
}

function* readLine(text: string, number: number): Generator<Result<GivenTool, string>> {
  const place = `line ${number}`;
  if (text.length > MAX_CHARS) return yield err(`${place} is longer than 64 MiB`);
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return yield err(`${place} is not JSON`);
  }
  const list = listIn(value);
  if (list === undefined) return yield toTool(value, undefined, place);
  for (const [index, item] of list.tools.entries())
    yield toTool(item, list.server, `${place}, tool ${index + 1}`);
}

/** An array, `{tools: […]}`, or an answer of JSON-RPC around it. */
function listIn(
  value: JsonValue,
): { readonly tools: readonly JsonValue[]; readonly server: string | undefined } | undefined {
  if (Array.isArray(value)) return { tools: value, server: undefined };
  if (!isJsonObject(value)) return undefined;
  const result = own(value, "result");
  const holder = isJsonObject(result) ? result : value;
  const tools = own(holder, "tools");
  const server = own(value, "server");
  return Array.isArray(tools)
    ? { tools, server: typeof server === "string" ? server : undefined }
    : undefined;
}

function toTool(value: JsonValue, listServer: string | undefined, place: string): Result<GivenTool, string> {
  if (!isJsonObject(value)) return err(`${place} is no object`);
  const named = own(value, "tool") ?? own(value, "name");
  if (typeof named !== "string") return err(`${place} needs \`"tool": "<name>"\``);
  const server = own(value, "server");
  return ok({
    server: typeof server === "string" ? server : listServer,
    tool: toToolDefinition(named, value),
  });
}

async function* linesOf(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let held = 0;
  for await (const chunk of bytes) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      yield [...parts, line].join("");
      [parts, held] = [[], 0];
    }
    // One character more than allowed is kept, so that the line is refused and not shortened.
    if (held <= MAX_CHARS) parts.push(last);
    held += last.length;
  }
  if (held > 0) yield parts.join("");
}
