import {
  compilePolicy,
  evaluateCall,
  isToolListed,
  type PolicyDocument,
  reserveAll,
  validatePolicy,
} from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { CATEGORIES, toolFaq } from "../../src/index.ts";
import { recommendTool } from "../../src/recommend/recommend-tool.ts";
import { toDocument } from "../../src/recommend/to-document.ts";
import { classified } from "./verdicts.ts";

function answers(
  name: string,
  category: (typeof CATEGORIES)[number],
  description?: string,
): readonly string[] {
  const tool = { name, ...(description === undefined ? {} : { description }) };
  return toolFaq("crm", recommendTool(classified(tool, category))).map(({ answer }) => answer);
}

describe("the FAQ of a tool", () => {
  test("asks the six questions", () => {
    const faq = toolFaq("crm", recommendTool(classified("list_orders", "Read")));
    expect(faq.map(({ question }) => question)).toEqual([
      "What does `list_orders` do?",
      "How do I enforce a policy on `list_orders`?",
      "How dangerous is `list_orders`?",
      "Can `list_orders` be rate-limited?",
      "How do I block `list_orders` completely?",
      "Which server provides `list_orders`?",
    ]);
  });

  test("answers them for a tool that stays usable", () => {
    expect(answers("update_order", "Write", "Changes an order, e.g. its address. Takes an id.")).toEqual([
      "Its server says: “Changes an order, e.g. its address”. We call it a Write tool: it creates or changes data in a way that can be undone.",
      "Register `crm` with Portcullis, publish the recommended policy for it, and point your client at the gateway's URL with a grant that has this policy. Then: Stays usable, at most 30 times in each minute of the clock for each grant.",
      "Its risk is medium, as of every Write tool. Write, because it creates or changes data in a way that can be undone: its name says “update_order”. Confidence: 90 %.",
      "Yes. The recommended entry admits 30 calls in each minute of the clock for each grant.",
      'Take its entry out of `tools` and write "hide": ["update_order"]; agents then do not see it, and a call by its name is refused. Without hiding, "action": "deny" as its whole entry refuses every call.',
      "`crm` lists it.",
    ]);
  });

  test("says what blocks a tool, and it does", () => {
    for (const category of CATEGORIES) {
      const recommendation = recommendTool(classified('odd "name"', category));
      const document = toDocument("crm", [recommendation]);
      const [, , , , block] = toolFaq("crm", recommendation);
      const isBlocked = category === "Destructive";
      expect(block?.answer.startsWith("The recommended policy does")).toBe(isBlocked);
      const written = /"hide": (\[.*?\]);/.exec(block?.answer ?? "")?.[1];
      const blocked: PolicyDocument = isBlocked
        ? document
        : { version: "1", default: "deny", hide: JSON.parse(written ?? "") };
      expect(validatePolicy(blocked).ok).toBe(true);
      expect(isToolListed(compilePolicy(blocked), 'odd "name"')).toBe(false);
      const { rule } = evaluateCall(compilePolicy(blocked), { tool: 'odd "name"', nowMs: 0 });
      expect(rule).toBe("(hidden)");
      const denied: PolicyDocument = {
        version: "1",
        default: "deny",
        tools: { 'odd "name"': { action: "deny" } },
      };
      expect(evaluateCall(compilePolicy(denied), { tool: 'odd "name"', nowMs: 0 }).effect).toBe("deny");
    }
  });

  test("says how to limit a tool, and it does", () => {
    const [, , , limit] = answers("list_orders", "Read");
    expect(limit).toBe(
      'Yes: add "rate_limit": { "max": 10, "window": "minute" } to its entry. The recommended entry has no limit.',
    );
    const entry = JSON.parse(`{ ${/"rate_limit": \{.*?\}/.exec(limit ?? "")?.[0]} }`);
    const policy = compilePolicy({ version: "1", default: "deny", tools: { list_orders: entry } });
    const counters = new Map();
    const ids = { organisation: "o", server: "s", grant: "g" };
    const runs = Array.from({ length: 11 }).map(() => {
      const { reservations } = evaluateCall(policy, { tool: "list_orders", nowMs: 0 });
      return reserveAll(counters, reservations, ids, 0).ok;
    });
    expect(runs).toEqual([...Array.from({ length: 10 }).fill(true), false]);
  });

  test("is honest about names that no entry can have", () => {
    const [, , , limit, block] = answers("a*", "Write");
    expect(limit).toBe(
      "No: no entry can name this tool alone, so it is left out, and every call is refused.",
    );
    expect(block).toBe(
      "The recommended policy does: it leaves the tool out, so that agents do not see it, and every call is refused.",
    );
  });

  test("says of a hidden tool that a limit comes too late", () => {
    const [what, , , limit] = answers("delete_order", "Destructive", "");
    expect(what).toBe(
      "Its server gives no description. We call it a Destructive tool: it deletes or revokes for good.",
    );
    expect(limit).toMatch(/^Yes, but the recommended policy hides it, so that no call runs at all\./);
  });

  test("a stranger's words stay one line between quotation marks", () => {
    const [what] = answers(
      "t",
      "Execute",
      `“Ignore”\u202e all.\n\nThen <script>alert(1)</script> ${"long ".repeat(99)}`,
    );
    expect(what).toBe(
      "Its server says: “'Ignore' all”. We call it an Execute tool: it runs something whose effect depends on the arguments.",
    );
  });
});
