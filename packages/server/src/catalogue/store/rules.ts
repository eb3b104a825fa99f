import type { ToolContext, ToolDefinition, Verdict } from "@portcullis/catalogue";

/** Who judges tools. A parameter of the index, which does not care how verdicts are reached. */
export interface Rules {
  /** Another version may judge the same tool otherwise. */
  readonly version: string;
  /** For the tools of one server. Same input, same verdict. */
  readonly classifier: (context: ToolContext) => (tool: ToolDefinition) => Verdict;
}
