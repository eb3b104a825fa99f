import { spawnSync } from "node:child_process";
import type { Admitted } from "./run-case.ts";

/** Reads every body again with Python's `json`, numbers by their decimal value, and compares with what V8 reads. */
const SCRIPT = `
import base64, json, sys
from decimal import Decimal
sys.set_int_max_str_digits(0)
read = lambda text: json.loads(text, parse_float=Decimal, parse_int=Decimal)
for line in sys.stdin:
    item = json.loads(line)
    try:
        params = read(base64.b64decode(item["body"]).decode("utf-8"))["params"]
        expected = read(item["judged"])
        same = [params["name"], params.get("arguments", {})] == expected
    except Exception as error:
        same = False
    print("same" if same else "differs")
`;

/** Names of the cases in which Python reads something else; undefined where there is no Python 3 on this machine. */
export function differentInPython(admitted: readonly Admitted[]): readonly string[] | undefined {
  if (spawnSync("python3", ["--version"]).status !== 0) return undefined;
  const input = admitted.map(({ body, tool, arguments: args }) =>
    JSON.stringify({ body: body.toString("base64"), judged: JSON.stringify([tool, args ?? {}]) }),
  );
  const run = spawnSync("python3", ["-c", SCRIPT], { input: input.join("\n"), maxBuffer: 1024 ** 3 });
  if (run.status !== 0) throw new Error(`python3 failed: ${run.stderr.toString("utf8")}`);
  const verdicts = run.stdout.toString("utf8").split("\n");
  return admitted.filter((_, at) => verdicts[at] !== "same").map(({ case: name }) => name);
}
