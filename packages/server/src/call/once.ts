import type { RoutedCall } from "./call.ts";
import type { RouteTools } from "./route.ts";

/**
 * Uses up what the call is good for once, in the turn in which it is judged: of two at the same time one goes on.
 * False for the other.
 */
export function useUp({ once, session }: RoutedCall, { states, ports }: RouteTools): boolean {
  if (once === undefined) return true;
  return once.kind === "state"
    ? states.spend(once.state, ports.clock.monotonicMs())
    : session?.serverRequests.delete(once.id) === true;
}

/** Nothing was sent, and the client is told to come again: it is good for that. */
export function giveBack({ once, session }: RoutedCall, { states }: Pick<RouteTools, "states">): void {
  if (once === undefined) return;
  if (once.kind === "state") states.giveBack(once.state);
  else session?.serverRequests.add(once.id);
}
