import { isJsonObject, type JsonObject, own } from "@portcullis/policy";
import type { RoutedCall } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { Session, Sessions } from "./sessions.ts";

/**
 * The session that an answered `initialize` begins. `issued` is the upstream's `Mcp-Session-Id`, which no client
 * ever sees; undefined where the upstream issues none.
 */
export function openSession(
  { arrival, channel }: RoutedCall,
  issued: string | undefined,
  { ports, sessions }: { readonly ports: Pick<Ports, "clock">; readonly sessions: Sessions },
): Session {
  const nowMs = ports.clock.monotonicMs();
  const opened =
    issued === undefined
      ? sessions.openStateless(arrival.access, nowMs)
      : sessions.open(channel, arrival.access, issued, nowMs);
  if (arrival.stdioSession !== undefined) arrival.stdioSession.current = opened;
  return opened;
}

/** Keeps the revision that the response to `initialize` settled on. */
export function noteVersion(session: Session, response: JsonObject): void {
  const result = own(response, "result");
  const version = isJsonObject(result) ? own(result, "protocolVersion") : undefined;
  if (typeof version === "string") session.version = version;
}
