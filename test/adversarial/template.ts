/**
 * The small language of the corpus: text in which `{{…}}` stands for what is awkward to write down.
 *
 * - `{{hex:c0af}}`: these bytes, `{{repeat:3:ab}}`: `ababab`, `{{base64:text}}`: Base64 of the text
 * - `{{braces:3}}`: `}}}`, `{{ends:2}}`: `}]}]`, and `{{objects:2}}`: `{},{},`, which `repeat` cannot say
 * - `{{name}}`: a value of the cell, such as `{{meta}}`, `{{token}}` or `{{path}}`
 */
export type Values = { readonly [name: string]: string };

const MARK =
  /\{\{(?:(hex|base64):([^}]*)|repeat:(\d+):([^}]*)|(braces|ends|objects):(\d+)|([a-z][A-Za-z0-9]*))\}\}/g;

const BRACKETS: Values = { braces: "}", ends: "}]", objects: "{}," };

/** The bytes that `text` stands for, in UTF-8 but for `{{hex:…}}`. Throws on a name that has no value. */
export function toBytes(text: string, values: Values): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    parts.push(Buffer.from(text.slice(from, match.index)), toPart(match, values));
    from = match.index + match[0].length;
  }
  parts.push(Buffer.from(text.slice(from)));
  return Buffer.concat(parts);
}

function toPart(match: RegExpExecArray, values: Values): Buffer {
  const [whole, coding, coded = "", count, repeated = "", bracket, brackets, name = ""] = match;
  if (coding === "hex") return Buffer.from(coded, "hex");
  if (coding === "base64") return Buffer.from(Buffer.from(coded).toString("base64"));
  if (count !== undefined) return Buffer.from(repeated.repeat(Number(count)));
  if (bracket !== undefined) return Buffer.from((BRACKETS[bracket] ?? "").repeat(Number(brackets)));
  const value = values[name];
  if (value === undefined) throw new Error(`${whole} has no value`);
  // A value may have marks of its own: `{{call}}` holds the tool and the arguments of the case.
  return toBytes(value, values);
}

/** `<<name>>` by the chosen form of a varied part; `others` leaves the names that have none. */
export function vary(text: string, chosen: Values, others = false): string {
  return text.replace(/<<([a-z][A-Za-z0-9_]*)>>/g, (whole, name: string) => {
    const form = chosen[name];
    if (form === undefined && others) return whole;
    if (form === undefined) throw new Error(`${whole} is not varied here`);
    // A form may be made of other parts.
    return vary(form, chosen, others);
  });
}
