import type { Result } from "@portcullis/policy";
import { type InspectedServer, inspectServer, type ServerRow } from "@portcullis/server";
import type { Context } from "./context.ts";
import { endOnSignal } from "./end-on-signal.ts";
import { withProgress } from "./progress.ts";
import type { Workspace } from "./workspace.ts";

/** Takes the tool list of a server anew and records it. Tools that had to be dropped are told on standard error. */
export function listAnew(
  context: Context,
  { folder, state }: Workspace,
  server: Pick<ServerRow, "id" | "name">,
): Promise<Result<InspectedServer, string>> {
  const onWarning = (
    event: string,
    fields: { readonly [name: string]: string | number | undefined },
  ): void => {
    // The result says the same, with the reason.
    if (event === "tool-list-failed") return;
    const details = Object.entries(fields).filter(([, value]) => value !== undefined);
    context.out.warn(
      `${event.replaceAll(/[-_]/g, " ")}: ${details.map(([name, value]) => `${name} \`${value}\``).join(", ")}`,
    );
  };
  return withProgress(
    context.io,
    `listing the tools of ${server.name}`,
    endOnSignal(inspectServer(server, { folder, state, onWarning })),
  );
}
