import type { JsonObject } from "@portcullis/policy";
import { type DemoAnswer, fault, INSTRUCTIONS, SERVER_INFO } from "./demo-answer.ts";
import { callTool, listTools } from "./demo-call.ts";

const NEWEST = "2025-11-25";
const VERSIONS: readonly string[] = ["2024-11-05", "2025-03-26", "2025-06-18", NEWEST];

/** The revisions up to 2025-11-25: one client per process, which begins with `initialize`. */
export class DemoLegacySession {
  #isBegun = false;

  /** True once a client began with `initialize`. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Answers one request as 2024-11-05 to 2025-11-25 say. */
  answer(method: string, params: JsonObject): DemoAnswer {
    switch (method) {
      case "initialize":
        return this.#begin(params["protocolVersion"]);
      case "ping":
        return { result: {} };
      case "tools/list":
        return listTools(params);
      case "tools/call":
        return callTool(params);
      default:
        return fault(-32601, "Method not found");
    }
  }

  #begin(requested: JsonObject[string] | undefined): DemoAnswer {
    if (typeof requested !== "string") return fault(-32602, "Missing protocolVersion");
    this.#isBegun = true;
    // A revision that is not spoken is answered with the newest that is (2025-11-25, lifecycle).
    const protocolVersion = VERSIONS.includes(requested) ? requested : NEWEST;
    const capabilities = { tools: {} };
    return { result: { protocolVersion, capabilities, serverInfo: SERVER_INFO, instructions: INSTRUCTIONS } };
  }
}
