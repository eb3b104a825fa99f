import type { JsonObject } from "@portcullis/policy";

/** A tool as its server defines it (`tools/list`). Everything in it is written by a stranger. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** JSON Schema of the arguments, as the server wrote it: no promise about its shape, depth or size. */
  readonly inputSchema?: JsonObject;
  readonly annotations?: ToolAnnotations;
}

/** Hints of the server about its own tool: each may be a lie. */
export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

/** What surrounds a tool and says what its words mean: a `refund` beside `charge` is about money. */
export interface ToolContext {
  /** Name of the server or package, as the registry or the user writes it. */
  readonly server?: string;
  readonly siblings?: readonly ToolDefinition[];
}
