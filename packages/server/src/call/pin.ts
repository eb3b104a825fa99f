import { err, ok, type Result } from "@portcullis/policy";
import type { RoutedCall } from "./call.ts";
import type { Ports, UpstreamFailure } from "./ports.ts";
import type { PinnedTool, Server } from "./records.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Stage pin: the tool that a call names, from a list that is fresh enough. Synchronous where the list is at hand, which
 * is nearly always.
 */
export function findPin(
  call: RoutedCall,
  ports: Pick<Ports, "snapshot" | "tools">,
): Result<PinnedTool | undefined, Refusal> | Promise<Result<PinnedTool | undefined, Refusal>> {
  const { server } = call.arrival.access;
  if (call.subject.kind === "list" && call.subject.of === "tools") return takeListForListing(server, ports);
  if (call.subject.kind !== "tool") return ok(undefined);
  const tool = lookUp(call, call.subject.name, ports);
  if (ports.tools.isFresh(server) && tool !== undefined && tool.pin !== "removed") return ok(tool);
  return takeListAndFind(call, call.subject.name, ports);
}

/** A list shows only what is accepted, so the whole list must have been taken before a page of it is filtered. */
function takeListForListing(
  server: Server,
  ports: Pick<Ports, "tools">,
): Result<undefined, Refusal> | Promise<Result<undefined, Refusal>> {
  if (ports.tools.isFresh(server)) return ok(undefined);
  return ports.tools
    .refresh(server)
    .then((taken) => (taken.ok ? ok(undefined) : err(unavailable(server, taken.error))));
}

function unavailable(server: Server, failure: UpstreamFailure): Refusal {
  return { kind: "list-unavailable", server: server.name, failure };
}

async function takeListAndFind(
  call: RoutedCall,
  name: string,
  ports: Pick<Ports, "snapshot" | "tools">,
): Promise<Result<PinnedTool | undefined, Refusal>> {
  const { server } = call.arrival.access;
  if (!ports.tools.isFresh(server)) {
    const taken = await ports.tools.refresh(server);
    // policy-spec R4: without a list no tool can be told from an unknown one, so nothing is called.
    if (!taken.ok) return err(unavailable(server, taken.error));
  }
  const tool = lookUp(call, name, ports);
  if (tool !== undefined && tool.pin !== "removed") return ok(tool);
  await ports.tools.refreshForUnknown(server);
  return ok(lookUp(call, name, ports));
}

function lookUp(call: RoutedCall, name: string, ports: Pick<Ports, "snapshot">): PinnedTool | undefined {
  const { server } = call.arrival.access;
  return (ports.snapshot.server(server.id) ?? server).tools.get(name);
}
