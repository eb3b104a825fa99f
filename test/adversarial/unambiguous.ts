/**
 * A second opinion, written apart from the product: do all readers read one and the same call in these bytes? Slow and
 * plain. Where it and the gateway differ, suspect both.
 */

/** A call that can be read in one way only. */
export interface PlainCall {
  readonly method: string;
  readonly tool: unknown;
  readonly arguments: unknown;
}

/** The call, or undefined when some reader might read another one, or none. */
export function readPlainCall(bytes: Buffer): PlainCall | undefined {
  const message = readPlain(bytes);
  return message === undefined ? undefined : toCall(message);
}

/** One JSON object that all readers read alike, as plain data. */
export function readPlainObject(bytes: Buffer): object | undefined {
  const message = readPlain(bytes);
  return message === undefined
    ? undefined
    : Object.fromEntries([...message].map(([key, inside]) => [key, toValue(inside)]));
}

function readPlain(bytes: Buffer): Map<string, Plain> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const message = new PlainReader(text).readAll();
    return message instanceof Map ? message : undefined;
  } catch {
    return undefined;
  }
}

type Plain = string | number | boolean | null | readonly Plain[] | Map<string, Plain>;

const MEMBERS = ["jsonrpc", "id", "method", "params"];
const RESERVED = ["name", "arguments", "_meta", "uri", "task", "cursor", "requestState"];

function toCall(message: Map<string, Plain>): PlainCall | undefined {
  const params = message.get("params") ?? new Map<string, Plain>();
  const isPlain =
    [...message.keys()].every((key) => MEMBERS.includes(key)) &&
    message.get("jsonrpc") === "2.0" &&
    params instanceof Map &&
    [...params.keys()].every(
      (key) => RESERVED.includes(key) || !RESERVED.some((name) => looksLike(key, name)),
    );
  const method = message.get("method");
  if (!isPlain || typeof method !== "string" || !(params instanceof Map)) return undefined;
  return { method, tool: params.get("name"), arguments: toValue(params.get("arguments")) };
}

/** True when some way of folding makes the two the same. */
function looksLike(key: string, name: string): boolean {
  const folds = [
    (text: string) => text.toLowerCase(),
    (text: string) => text.toUpperCase(),
    (text: string) => text.normalize("NFKC").toLowerCase(),
    (text: string) => text.normalize("NFKD").toUpperCase(),
    (text: string) => text.toUpperCase().toLowerCase(),
  ];
  return folds.some((fold) => fold(key) === fold(name));
}

function toValue(plain: Plain | undefined): unknown {
  if (plain instanceof Map)
    return Object.fromEntries([...plain].map(([key, inside]) => [key, toValue(inside)]));
  return Array.isArray(plain) ? plain.map(toValue) : plain;
}

/** RFC 8259 by the letter; throws on anything that readers have been seen to differ about. */
class PlainReader {
  #rest: string;
  #values = 0;

  constructor(text: string) {
    this.#rest = text;
  }

  readAll(): Plain {
    const value = this.#value(0);
    if (this.#rest.trim() !== "" || /[^ \t\r\n]/.test(this.#rest)) throw new Error("more follows");
    return value;
  }

  #value(depth: number): Plain {
    this.#values += 1;
    if (depth > 64 || this.#values > 50_000) throw new Error("too much");
    this.#take(/^[ \t\r\n]*/);
    const word = this.#take(/^(?:true|false|null)/);
    if (word !== undefined) return word === "null" ? null : word === "true";
    const number = this.#take(/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/);
    if (number !== undefined) return exactly(number);
    if (this.#rest.startsWith('"')) return this.#string();
    if (this.#take(/^\[/) !== undefined) return this.#items(depth);
    if (this.#take(/^\{/) !== undefined) return this.#members(depth);
    throw new Error("no value");
  }

  #items(depth: number): Plain {
    const items: Plain[] = [];
    if (this.#take(/^[ \t\r\n]*\]/) !== undefined) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(/^[ \t\r\n]*,/) !== undefined);
    if (this.#take(/^[ \t\r\n]*\]/) === undefined) throw new Error("no end");
    return items;
  }

  #members(depth: number): Plain {
    const members = new Map<string, Plain>();
    if (this.#take(/^[ \t\r\n]*\}/) !== undefined) return members;
    do {
      this.#take(/^[ \t\r\n]*/);
      const key = this.#string();
      if (members.has(key) || key === "__proto__") throw new Error("a name that readers differ about");
      if (this.#take(/^[ \t\r\n]*:/) === undefined) throw new Error("no colon");
      members.set(key, this.#value(depth + 1));
    } while (this.#take(/^[ \t\r\n]*,/) !== undefined);
    if (this.#take(/^[ \t\r\n]*\}/) === undefined) throw new Error("no end");
    return members;
  }

  #string(): string {
    const written = this.#take(/^"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/);
    if (written === undefined) throw new Error("no string");
    const text = String(JSON.parse(written));
    if (!text.isWellFormed()) throw new Error("a lone surrogate");
    return text;
  }

  #take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#rest)?.[0];
    if (found === undefined) return undefined;
    this.#rest = this.#rest.slice(found.length);
    return found;
  }
}

/** The number, when the shortest text of its binary64 value has the same decimal value. */
function exactly(token: string): number {
  const value = Number(token);
  if (!Number.isFinite(value) || decimal(token) !== decimal(String(value)))
    throw new Error("not this number");
  return value;
}

/** One text for each decimal value: digits without zeros at the ends, and the power of ten behind them. */
function decimal(token: string): string {
  const [, sign, whole = "", fraction = "", power = "0"] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(token) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - kept.length)}`;
}
