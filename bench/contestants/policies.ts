/** The policies that contestants are governed by. */
import { toolNames } from "../wire.ts";

export const ALLOW_ALL = { version: "1", default: "allow" };

/** What an operator would write for tools that move money: ten conditions and two limits for each tool. */
export function realisticPolicy(tools: number): object {
  const entries = toolNames(tools).map((name) => [name, RULES] as const);
  return { version: "1", default: "deny", tools: Object.fromEntries(entries) };
}

/** The same rules, written once for all tools: a document has a largest size, and 2,000 tools reach it otherwise. */
export function sharedPolicy(tools: number): object {
  const entries = toolNames(tools).map((name) => [name, {}] as const);
  return { version: "1", default: "deny", all_tools: RULES, tools: Object.fromEntries(entries) };
}

const RULES = {
  require: [
    {
      conditions: [
        { path: "args.reason", op: "exists", value: true },
        { path: "args.currency", op: "in", value: ["eur", "usd", "gbp"] },
      ],
      on_deny: "Say why, in a currency that is booked here.",
    },
    { conditions: [{ path: "args.customer", op: "starts_with", value: "cus_" }] },
    { conditions: [{ path: "args.path", op: "path_within", value: ["/srv/books"] }] },
  ],
  deny_if: [
    { conditions: [{ path: "args.amount", op: "gt", value: 10_000 }] },
    { conditions: [{ path: "args.amount", op: "lte", value: 0 }] },
    {
      conditions: [
        { path: "args.currency", op: "eq", value: "usd" },
        { path: "args.amount", op: "gte", value: 5_000 },
      ],
    },
    { conditions: [{ path: "args.customer", op: "in", value: ["cus_0001", "cus_0002", "cus_0003"] }] },
    { conditions: [{ path: "args.reason", op: "contains", value: "ignore previous instructions" }] },
  ],
  limits: [
    { counter: "calls", window: "day", max: 9_000_000_000 },
    { counter: "spend", window: "day", max: 9_000_000_000, increment_from: "args.amount" },
  ],
};
