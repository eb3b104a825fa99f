import type { Condition, Entry, Leaf, Limit } from "@portcullis/policy";
import type { ToolDefinition } from "../tool.ts";
import type { Category } from "../verdict.ts";
import { type Argument, argumentsOf } from "./argument.ts";
import type { ArgumentKind } from "./argument-kinds.ts";
import { counterName } from "./limits.ts";
import { quoteCode } from "./plain-text.ts";
import { denied, readingSql, valuesPath } from "./rule-parts.ts";

/** What only the user knows. Nothing of it is in force until it is written into the entry. */
export interface Fill {
  readonly path: string;
  /** The value to replace in `rules`. */
  readonly placeholder: string;
  readonly text: string;
  /** What to add to the entry: valid as it stands, with the placeholder for a value. */
  readonly rules: Pick<Entry, "require" | "deny_if" | "limits">;
}

export interface FillContext {
  readonly tool: ToolDefinition;
  readonly category: Category;
}

/** What the user may add for an argument, with a placeholder where only the user knows the value. */
export function fillFor(argument: Argument, kind: ArgumentKind, context: FillContext): Fill | undefined {
  switch (kind) {
    case "path":
      return pathFill(argument);
    case "url":
      return urlFill(argument);
    case "recipient":
      return recipientFill(argument);
    case "amount":
      return context.category === "Financial" ? amountFill(argument, context) : undefined;
    case "command":
      return commandFill(argument);
    case "sql":
      return context.category === "Read" ? undefined : sqlFill(argument);
  }
}

const DIRECTORY = "/srv/shared";
const HOST = "api.example.com";
const DOMAIN = "example.com";
const COMMAND = "git status";
const AMOUNT = 100;

function pathFill(argument: Argument): Fill {
  return {
    path: argument.path,
    placeholder: DIRECTORY,
    text: `Name the directories that ${quoteCode(argument.name)} may lie in. Works with absolute paths; without it, every directory that the server can reach is open but for what the rules above refuse.`,
    rules: only(
      argument,
      (path) => ({ path, op: "path_within", value: [DIRECTORY] }),
      "This directory is not open to agents.",
    ),
  };
}

function urlFill(argument: Argument): Fill {
  return {
    path: argument.path,
    placeholder: HOST,
    text: `Name the hosts that ${quoteCode(argument.name)} may lead to; without it, every host that the server can reach is open, those of your own network too.`,
    rules: only(
      argument,
      (path) => ({ path, op: "host_in", value: [HOST] }),
      "This host is not open to agents.",
    ),
  };
}

function recipientFill(argument: Argument): Fill {
  // Anchored, and without separators: a list of addresses in one string must not pass by its last one.
  const value = String.raw`(?i)^[^@\s,;:<>"]+@example\.com$`;
  return {
    path: argument.path,
    placeholder: DOMAIN,
    text: `Name the domain that ${quoteCode(argument.name)} may write to; without it, anybody can be written to.`,
    rules: only(argument, (path) => ({ path, op: "regex", value }), "Only recipients of our own domain."),
  };
}

function commandFill(argument: Argument): Fill {
  return {
    path: argument.path,
    placeholder: COMMAND,
    text: `List the commands that ${quoteCode(argument.name)} may be, word for word; without it, whatever the agent writes is run.`,
    rules: only(
      argument,
      (path) => ({ path, op: "in", value: [COMMAND] }),
      "This command is not open to agents.",
    ),
  };
}

function sqlFill(argument: Argument): Fill {
  const { require = [], denyIf = [] } = readingSql(argument);
  return {
    path: argument.path,
    placeholder: "SELECT",
    text: `If the agent only has to read, let ${quoteCode(argument.name)} begin with words that read only; an account that can only read is safer still.`,
    rules: { require, deny_if: denyIf },
  };
}

const CURRENCY = /^(?:currency|curr|ccy)$/;

function amountFill(argument: Argument, { tool }: FillContext): Fill {
  const currency = argumentsOf(tool).find(
    ({ kind, words }) => kind === "text" && words.some((word) => CURRENCY.test(word)),
  );
  const [first] = currency?.values?.filter((value) => typeof value === "string") ?? [];
  const fixed: Leaf[] =
    currency === undefined ? [] : [{ path: currency.path, op: "eq", value: first ?? "USD" }];
  const atMost: Leaf = { path: argument.path, op: "lte", value: AMOUNT };
  const limit: Limit = {
    counter: counterName(tool.name, "spend"),
    window: "day",
    max: AMOUNT * 10,
    scope: "grant",
    increment_from: argument.path,
  };
  const inCurrency =
    currency === undefined ? "" : ` in the one currency that ${quoteCode(currency.name)} may be`;
  return {
    path: argument.path,
    placeholder: String(AMOUNT),
    text: `Set the most that ${quoteCode(argument.name)} may be in one call and in a day${inCurrency}, in the unit that the tool counts in.`,
    rules: {
      require: [
        {
          conditions: [...present(argument), atMost, ...fixed],
          on_deny: "The amount or its currency is outside what agents may move.",
        },
      ],
      limits: [limit],
    },
  };
}

/** The argument, and each of a list, must be what `leaf` says; an optional one may be missing. */
function only(
  argument: Argument,
  leaf: (path: string) => Leaf,
  onDeny: string,
): Pick<Entry, "require" | "deny_if"> {
  const asked = leaf(valuesPath(argument));
  // C6: a rule on each element says nothing of an empty list, nor of what is no list.
  const first: Leaf[] =
    argument.kind === "texts" ? [{ path: `${argument.path}[0]`, op: "exists", value: true }] : [];
  if (argument.isRequired) return { require: [{ conditions: [...first, asked], on_deny: onDeny }] };
  const right: Condition = first.length === 0 ? asked : { all: [...first, asked] };
  return { deny_if: [denied(argument, [{ not: right }], onDeny)] };
}

function present({ isRequired, path }: Argument): Leaf[] {
  return isRequired ? [] : [{ path, op: "exists", value: true }];
}
