import { compilePolicy, evaluateCall } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { recommendStack } from "../../src/index.ts";
import { classified, schemaOf } from "./verdicts.ts";

const MAIL = {
  server: "mail",
  tools: [classified("search_inbox", "Read"), classified("send_email", "Write")],
};
const SHELL = {
  server: "shell",
  tools: [classified("run_command", "Execute", { modifiers: ["arbitrary-code"] })],
};
const SHOP = {
  server: "shop",
  tools: [classified("delete_order", "Destructive"), classified("create_refund", "Financial")],
};
const VAULT = { server: "vault", tools: [classified("get_secret_value", "Read")] };
const MATHS = { server: "maths", tools: [classified("add_numbers", "Read")] };

const idsOf = (...stack: Parameters<typeof recommendStack>[0]): readonly string[] =>
  recommendStack(stack).combinations.map(({ id, isBroken }) => (isBroken ? `${id} (broken)` : id));

describe("recommendStack", () => {
  test("counts, the worst of all servers, and a policy for each", () => {
    const report = recommendStack([SHOP, MAIL]);
    expect(report.counts).toEqual({ Read: 1, Write: 1, Execute: 0, Destructive: 1, Financial: 1 });
    expect(report.worst.map(({ server, tool }) => `${server}/${tool.name}`)).toEqual([
      "shop/create_refund",
      "shop/delete_order",
      "mail/send_email",
    ]);
    expect(report.servers.map(({ server }) => server)).toEqual(["mail", "shop"]);
  });

  test.each([
    ["nothing of note", [MATHS], []],
    ["mail alone leaks", [MAIL], ["private-data-leak"]],
    ["mail beside a shell", [MAIL, SHELL], ["private-data-leak", "injected-code"]],
    [
      "mail beside a shop: what deletes and pays is out of reach",
      [MAIL, SHOP],
      ["private-data-leak", "injected-deletion (broken)", "injected-payment (broken)"],
    ],
    [
      "credentials and a way out",
      [VAULT, { server: "out", tools: [classified("publish_page", "Write")] }],
      ["secrets-leak"],
    ],
    ["credentials alone", [VAULT], []],
    ["a shop alone", [SHOP], []],
  ] as const)("%s", (_, stack, expected) => {
    expect(idsOf(...stack)).toEqual(expected);
    expect(idsOf(...stack.toReversed())).toEqual(expected);
  });

  test("a combination names its tools, why, and what to change", () => {
    const [first] = recommendStack([MAIL]).combinations;
    expect(first).toEqual({
      id: "private-data-leak",
      title: "Private data, untrusted content and a way out",
      parts: [
        {
          capability: "readsPrivate",
          tools: [
            {
              server: "mail",
              tool: "search_inbox",
              reason: { source: "name", text: "inbox", means: "reads data that is not public" },
            },
          ],
          total: 1,
        },
        {
          capability: "readsUntrusted",
          tools: [
            {
              server: "mail",
              tool: "search_inbox",
              reason: { source: "name", text: "inbox", means: "reads what strangers can write" },
            },
          ],
          total: 1,
        },
        {
          capability: "sendsOut",
          tools: [
            {
              server: "mail",
              tool: "send_email",
              reason: { source: "name", text: "send", means: "sends or publishes" },
            },
          ],
          total: 1,
        },
      ],
      why: "Whoever writes the content can tell the agent to read private data and to send it away. Here `search_inbox` of `mail` reads data that is not public, `search_inbox` of `mail` reads what strangers can write and `send_email` of `mail` sends or publishes.",
      change:
        "Give one of the three to another agent with a grant of its own, or hide the ways out, or let them reach only the recipients and hosts that you name.",
      isBroken: false,
    });
  });

  test("what is called broken does not run under the recommended policies", () => {
    const report = recommendStack([MAIL, SHOP, SHELL]);
    const broken = report.combinations.filter(({ isBroken }) => isBroken);
    expect(broken.length).toBe(2);
    for (const { parts } of broken) {
      const stopped = parts.filter(({ tools }) =>
        tools.every(({ server, tool }) => {
          const found = report.servers.find((one) => one.server === server);
          if (found === undefined) throw new Error(`no policy for ${server}`);
          return evaluateCall(compilePolicy(found.document), { tool, nowMs: 0 }).effect !== "allow";
        }),
      );
      expect(stopped.length).toBeGreaterThan(0);
    }
  });

  test("of many tools the first five are named, and all are counted", () => {
    const tools = Array.from({ length: 50 }, (_, at) =>
      classified({ name: `fetch_${at}`, inputSchema: schemaOf({ url: "string" }) }, "Read"),
    );
    const [first] = recommendStack([{ server: "web", tools }, VAULT]).combinations;
    expect(first?.parts.map(({ tools: named, total }) => [named.length, total])).toEqual([
      [1, 1],
      [5, 50],
    ]);
  });
});
