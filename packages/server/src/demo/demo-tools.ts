import type { JsonObject } from "@portcullis/policy";

/** A tool of the demo server. It only says what it would have done. */
export interface DemoTool {
  /** As `tools/list` gives it. */
  readonly definition: JsonObject & { readonly name: string; readonly inputSchema: JsonObject };
  run(args: JsonObject): string;
}

/** One tool of every risk class: read, write, execute, destructive, financial, secret. */
export const DEMO_TOOLS: readonly DemoTool[] = [
  {
    definition: {
      name: "list_repositories",
      title: "List repositories",
      description: "Lists the repositories of the demo project.",
      inputSchema: { type: "object", additionalProperties: false },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    run: () => "portcullis-demo\nportcullis-docs",
  },
  {
    definition: {
      name: "get_file",
      title: "Read a file",
      description: "Reads one file of the demo project.",
      inputSchema: object({ path: text("Absolute path, for example /srv/demo/README.md.") }, ["path"]),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    run: (args) => `(the pretended content of ${String(args["path"])})`,
  },
  {
    definition: {
      name: "create_issue",
      title: "Open an issue",
      description: "Opens an issue in a repository.",
      inputSchema: object({ title: text("One line."), body: text("What happened.") }, ["title"]),
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    run: (args) => `Pretended to open an issue: ${String(args["title"])}`,
  },
  {
    definition: {
      name: "build_and_push_image_to_ecr",
      title: "Build and push an image",
      description: "Builds a container image and pushes it to the registry.",
      inputSchema: object({ repository: text("Name of the repository."), tag: text("Tag of the image.") }, [
        "repository",
      ]),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    },
    run: (args) => `Pretended to push ${String(args["repository"])}:${String(args["tag"] ?? "latest")}`,
  },
  {
    definition: {
      name: "delete_repository",
      title: "Delete a repository",
      description: "Deletes a repository with everything in it.",
      inputSchema: object({ name: text("Name of the repository.") }, ["name"]),
      annotations: { readOnlyHint: false, destructiveHint: true },
    },
    run: (args) => `Pretended to delete ${String(args["name"])}`,
  },
  {
    definition: {
      name: "create_payment",
      title: "Pay",
      description: "Pays an amount to a recipient.",
      inputSchema: object(
        {
          amount: { type: "integer", minimum: 1, description: "In cents." },
          currency: { type: "string", enum: ["eur", "usd"] },
          recipient: text("Who is paid."),
        },
        ["amount", "currency", "recipient"],
      ),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
    },
    run: (args) =>
      `Pretended to pay ${String(args["amount"])} ${String(args["currency"])} cents to ${String(args["recipient"])}`,
  },
  {
    definition: {
      name: "read_environment",
      title: "Read the environment",
      description: "Reads the environment variables of the build machine.",
      inputSchema: { type: "object", additionalProperties: false },
      annotations: { readOnlyHint: true },
    },
    run: () => "DEMO_SECRET=pretended",
  },
];

function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: "object", properties, required, additionalProperties: false };
}

function text(description: string): JsonObject {
  return { type: "string", description };
}
