import type { Limit, PolicyDocument } from "@portcullis/policy";

/** Names and rules of the simulated organisation. Amounts are whole numbers, as the model of quotas has them. */
export interface ServerSetting {
  readonly name: string;
  readonly era: "legacy" | "modern";
  readonly tools: readonly string[];
  /** The rules as of a version; every edit takes the next one. */
  readonly policy: (version: number) => PolicyDocument;
}

/** An edit moves the limits by this. */
const STEP = 3;
const limits = (...list: readonly Limit[]) => ({ limits: list });

/** Money: two tools share a counter of amounts; one gives back on errors. */
const BANK: ServerSetting = {
  name: "bank",
  era: "modern",
  tools: ["pay", "refund", "read", "drop", "ask", "secret_key"],
  policy: (version) => ({
    version: "1",
    default: "deny",
    hide: ["secret_*"],
    all_tools: limits({ counter: "all", window: 10, max: 90 + STEP * (version % 3), scope: "organisation" }),
    tools: {
      pay: {
        deny_if: [{ conditions: [{ path: "args.amount", op: "gt", value: 500 }] }],
        ...limits(
          { counter: "spend", window: "minute", max: 9_000, increment_from: "args.amount" },
          { counter: "often", window: 10, max: 12 + STEP * (version % 3), algorithm: "sliding" },
        ),
      },
      refund: {
        rate_limit: { max: 9, window: 5 },
        ...limits({
          counter: "back",
          window: "minute",
          max: 4_000,
          increment_from: "args.amount",
          refund_on_error: true,
        }),
      },
      read: {},
      drop: { action: "deny" },
      ask: { action: "require_approval" },
      "secret_*": {},
    },
  }),
};

/** Everything by one counter of the server, sliding; and one of the whole organisation. */
const SHOP: ServerSetting = {
  name: "shop",
  era: "modern",
  tools: ["order", "cancel", "look"],
  policy: (version) => ({
    version: "1",
    default: "allow",
    all_tools: limits({ counter: "all", window: 10, max: 90 + STEP * (version % 3), scope: "organisation" }),
    tools: {
      order: limits(
        { counter: "orders", window: 30, max: 60, scope: "server", algorithm: "sliding", increment: 2 },
        {
          counter: "orders",
          window: 30,
          max: 50 + STEP * (version % 3),
          scope: "server",
          algorithm: "sliding",
        },
      ),
      cancel: limits({ counter: "cancels", window: 7, max: 5, algorithm: "sliding", refund_on_error: true }),
      look: {},
    },
  }),
};

/** Sessions, each with a count of its own. */
const ARCHIVE: ServerSetting = {
  name: "archive",
  era: "legacy",
  tools: ["fetch", "erase"],
  policy: (version) => ({
    version: "1",
    default: "deny",
    tools: {
      fetch: limits(
        { counter: "fetches", window: 20, max: 30, scope: "session" },
        { counter: "total", window: "hour", max: 2_000 + STEP * (version % 3) },
      ),
      erase: { deny_if: [{ conditions: [{ path: "args.amount", op: "gte", value: 300 }] }] },
    },
  }),
};

export const SERVERS: readonly ServerSetting[] = [BANK, SHOP, ARCHIVE];

/** What policy says of a call but for its limits, and which limits it must pass (written for these documents alone). */
export interface Rule {
  readonly effect: "allow" | "deny" | "hold";
  readonly limits: readonly { readonly pointer: string; readonly limit: Limit }[];
}

export function ruleOf(document: PolicyDocument, tool: string, amount: number): Rule {
  const isHidden = (document.hide ?? []).some((glob) => tool.startsWith(glob.slice(0, -1)));
  const entry = document.tools?.[tool];
  const forbidden: Rule = { effect: "deny", limits: [] };
  if (isHidden || (entry === undefined && document.default === "deny") || entry?.action === "deny")
    return forbidden;
  if (amount > 500 && tool === "pay") return forbidden;
  if (amount >= 300 && tool === "erase") return forbidden;
  if (entry?.action === "require_approval") return { effect: "hold", limits: [] };
  const own = (entry?.limits ?? []).map((limit, at) => ({ pointer: `/tools/${tool}/limits/${at}`, limit }));
  const rate = entry?.rate_limit;
  const rates =
    rate === undefined
      ? []
      : [{ pointer: `/tools/${tool}/rate_limit`, limit: { counter: `${tool}_rate`, ...rate } }];
  const shared = (document.all_tools?.limits ?? []).map((limit, at) => ({
    pointer: `/all_tools/limits/${at}`,
    limit,
  }));
  return { effect: "allow", limits: [...own, ...rates, ...shared] };
}
