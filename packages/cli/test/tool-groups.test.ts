import { recommendServer, type ToolRecommendation } from "@portcullis/catalogue";
import { expect, test } from "vitest";
import { classifyAll } from "../src/clients/look.ts";
import { createOutput } from "../src/output.ts";
import { printToolGroups, summaryOf, treatmentOf } from "../src/tool-groups.ts";
import { makeHome, readingIo } from "./clients/home.ts";

const TOOLS = [
  { name: "delete_note", description: "Deletes a note for good." },
  { name: "create_charge", description: "Charges a card." },
  { name: "create_note", description: "Creates a note." },
  { name: "update_note", description: "Updates a note." },
  { name: "list_notes", description: "Lists the notes." },
].map((tool) => ({ ...tool, inputSchema: { type: "object" } }));

function recommended(): readonly ToolRecommendation[] {
  return classifyAll("notes", TOOLS).flatMap((tool) => recommendServer("notes", [tool]).tools);
}

function printed(columns: number | undefined): string {
  let text = "";
  const stdout = { write: (chunk: string) => (text += chunk) };
  printToolGroups(createOutput({ ...readingIo(makeHome()), stdout }), columns, recommended());
  return text;
}

test("every tool is named, those that are treated alike on one line", () => {
  expect(printed(undefined)).toBe(
    [
      "  critical  Destructive  hidden            delete_note",
      "  critical  Financial    a person decides  create_charge",
      "  medium    Write        30 a minute       create_note, update_note",
      "  low       Read         allowed           list_notes",
      "",
    ].join("\n"),
  );
});

test("names are wrapped under each other in a narrow terminal", () => {
  expect(printed(66)).toContain("create_note,\n                                           update_note\n");
});

test("a tool whose arguments are constrained says so", () => {
  const path = { type: "object", properties: { path: { type: "string" } } };
  const tools = classifyAll("files", [{ name: "write_file", inputSchema: path }]);
  const [write] = recommendServer("files", tools).tools;
  expect(write && treatmentOf(write)).toBe("30 a minute, arguments checked");
});

test("the treatments of a server are counted", () => {
  expect(summaryOf(recommended())).toBe("1 allowed, 2 limited, 1 to approve, 1 hidden");
  expect(summaryOf([])).toBe("0 tools");
});
