/** What is fuzzed, from which first inputs, and what must hold for any input. */
import {
  compilePolicy,
  evaluateCall,
  type PolicyDocument,
  type PolicyFormat,
  parsePolicy,
} from "@portcullis/policy";
import { readStrict } from "@portcullis/server";
import { readPlainObject } from "./unambiguous.ts";

export interface FuzzTarget {
  readonly name: string;
  /** Ends of the paths whose branches count. */
  readonly files: readonly string[];
  readonly seeds: readonly string[];
  readonly words: readonly string[];
  /** What is wrong with what the product made of the input; undefined when nothing is. */
  check(input: Buffer): string | undefined;
}

const CALL =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"s":"\\u00e9\\n","n":[0,-1.5e3,true,null]}}}';

export const STRICT_READING: FuzzTarget = {
  name: "strict reading",
  files: ["mcp/strict-reading.ts", "mcp/json-scanner.ts", "src/number-token.ts"],
  seeds: [
    CALL,
    "{}",
    '{"a":{"b":[[],{}]}}',
    '{ "a" : 1e5 }',
    '{"\\ud83d\\ude00":"😀"}',
    '{"a":0.1,"b":1E+2}',
    "[1]",
    '"x"',
  ],
  words: [
    ...'{ } [ ] , : " \\ \\u \\ud83d \\ude00 \\u0000 \\/ null true false 0 -0 1e400 9007199254740993'.split(
      " ",
    ),
    ..."0.1 1.0 5e-324 1e23 __proto__ constructor \u2028 \u00e9 😀 \ufeff \t \r".split(" "),
    '"a":1,',
    '"\\u0061":1,',
    "\n",
    " ",
  ],
  check: (input) => {
    const read = readStrict(input);
    const plain = readPlainObject(input);
    if (read.ok !== (plain !== undefined))
      return `${read.ok ? "read" : "refused"}, and the second opinion differs`;
    // White space sends the text another way through the reader.
    const spaced = readStrict(Buffer.concat([Buffer.from(" "), input]));
    if (spaced.ok !== read.ok) return "white space before it changes the verdict";
    if (!read.ok) return undefined;
    const text = JSON.stringify(read.value);
    if (text !== JSON.stringify(JSON.parse(input.toString("utf8")))) return "V8 reads something else";
    if (text !== JSON.stringify(plain)) return "the second opinion reads something else";
    return JSON.stringify(spaced.ok ? spaced.value : undefined) === text
      ? undefined
      : "white space changes the value";
  },
};

const POLICY = JSON.stringify({
  version: "1",
  default: "deny",
  hide: ["x_*"],
  all_tools: { limits: [{ counter: "calls", window: "minute", max: 60 }] },
  tools: {
    "a*": {},
    pay: {
      require: [{ conditions: [{ path: "args.amount", op: "lte", value: 10 }], on_deny: "no" }],
      deny_if: [{ conditions: [{ any: [{ path: 'args["x"][*]', op: "regex", value: "^a$" }] }] }],
      approve_if: [{ conditions: [{ not: { path: "time.hour", op: "in", value: [1, 2] } }] }],
      rate_limit: { max: 10, window: 60 },
    },
    drop: { action: "deny", reason: "never" },
  },
  resources: { default: "deny", allow: ["docs://**"] },
  server_requests: { sampling: "deny" },
  on_unknown: "deny",
});

const YAML =
  'version: "1"\ndefault: allow\ntools:\n  pay:\n    require:\n      - conditions:\n          - {path: args.a, op: eq, value: 1}\n';

/** A policy may begin with one; a message may not. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const PARSER = {
  files: [
    ..."parse parse-json parse-yaml parse-text parse-tree parse-value path pattern glob host".split(" "),
    ..."directory schema schema-condition schema-entry schema-limit schema-shape schema-globs".split(" "),
  ].map((name) => `policy/src/${name}.ts`),
  words: [
    ...'{ } [ ] , : " \\ // /* */ # - & * ! | > ? << --- ... null ~ true yes 0o7 0x1 .inf 1e400'.split(" "),
    ...POLICY.split(/[^A-Za-z_]+/).filter((word) => word !== ""),
    ..."args.a[*] args[0] __proto__ \u2028 \ufeff \t path_within host_in exists matches contains".split(" "),
    "\n",
    "  ",
    '"version":"1",',
  ],
};

export const JSON_POLICIES: FuzzTarget = {
  ...PARSER,
  name: "policies in JSON",
  seeds: [POLICY, '{"version":"1","default":"allow"}', '// a\n{"version":"1","default":"deny",}'],
  check: (input) => {
    const [json, jsonc] = [parse(input, "json"), parse(input, "jsonc")];
    judge(jsonc);
    if (json === undefined) return undefined;
    const plain = input.subarray(0, 3).equals(BYTE_ORDER_MARK) ? input.subarray(3) : input;
    if (readPlainObject(plain) === undefined) return "read as JSON, and the second opinion differs";
    return JSON.stringify(json) === JSON.stringify(jsonc) ? undefined : "JSONC reads something else in JSON";
  },
};

/** Apart, because YAML takes ten times as long to read. */
export const YAML_POLICIES: FuzzTarget = {
  ...PARSER,
  name: "policies in YAML",
  seeds: [YAML, 'version: "1"\ndefault: deny\nhide: [x_*]\n', '{"version":"1","default":"allow"}'],
  check: (input) => {
    const yaml = parse(input, "yaml");
    judge(yaml);
    if (yaml === undefined) return undefined;
    // What it reads is a document like any other: written as JSON, it is read as the same.
    const text = JSON.stringify(yaml);
    const again = parse(Buffer.from(text), "json");
    return JSON.stringify(again) === text ? undefined : "YAML reads what JSON cannot say";
  },
};

/** The document that is read; undefined where there is none. */
function parse(input: Buffer, format: PolicyFormat): PolicyDocument | undefined {
  const parsed = parsePolicy(input, { format });
  return parsed.ok ? parsed.value : undefined;
}

/** Throws where a document that was read cannot be evaluated. */
function judge(document: PolicyDocument | undefined): void {
  if (document === undefined) return;
  const policy = compilePolicy(document);
  for (const tool of ["pay", "a1", "x_1", "drop", ""]) {
    const decision = evaluateCall(policy, { tool, args: { amount: 1, x: ["a"] }, nowMs: 0 });
    if (decision.rule === "(error)") throw new Error(`evaluation failed for ${tool}`);
  }
}
