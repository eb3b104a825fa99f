/** A dotted key. */
export function toTomlKey(path: readonly string[]): string {
  return path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : toTomlText(key))).join(".");
}

/** A value on one line, where integers are `bigint` and numbers are floats; undefined for one that has no exact form here, such as a date. */
export function toTomlValue(value: unknown): string | undefined {
  if (typeof value === "string") return toTomlText(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return toFloat(value);
  if (Array.isArray(value)) return joined(value.map(toTomlValue), "[", "]");
  if (typeof value !== "object" || value === null || value instanceof Date) return undefined;
  const members = Object.entries(value).map(([name, item]) => {
    const text = toTomlValue(item);
    return text === undefined ? undefined : `${toTomlKey([name])} = ${text}`;
  });
  return members.length === 0 ? "{}" : joined(members, "{ ", " }");
}

function toFloat(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function joined(items: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return items.includes(undefined) ? undefined : open + items.join(", ") + close;
}

/** The escapes of JSON are those of TOML, which also wants DEL escaped. */
function toTomlText(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
