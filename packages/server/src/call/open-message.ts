/** Messages in which a handle is opened: the server gets what it gave out, the client sees it sealed. */
import { err, ok, own, type Result } from "@portcullis/policy";
import type { NotificationMessage, RequestMessage } from "../mcp/json-rpc.ts";
import type { Arrival, Once } from "./call.ts";
import { withMembers, withOpenRelatedTask } from "./handles.ts";
import type { Ports } from "./ports.ts";
import type { Refusal } from "./refusal.ts";
import { requestDigest } from "./request-digest.ts";
import type { RouteTools } from "./route.ts";

/** A request with the server's own state in it, and what makes it good once. */
interface OpenedState {
  readonly message: RequestMessage;
  readonly once: Once;
}

/**
 * Opens a sealed `requestState`, which stands for the request as the client wrote it; `rebuilt` is the request with
 * its other handles opened. Undefined: it carries none.
 */
export function openRequestState(
  message: RequestMessage,
  rebuilt: RequestMessage,
  arrival: Arrival,
  { states, ports }: Pick<RouteTools, "states" | "ports">,
): Result<OpenedState | undefined, Refusal> {
  const params = message.params;
  const sealed = params === undefined ? undefined : own(params, "requestState");
  if (params === undefined || sealed === undefined) return ok(undefined);
  const digest = requestDigest(message, ports.keys);
  const opened =
    typeof sealed === "string"
      ? states.open(arrival.access, digest, sealed, ports.clock.monotonicMs())
      : undefined;
  // The state is the client's to forge: what does not open is refused, never forwarded (threat 53).
  if (opened === undefined) return err({ kind: "handle-unknown", what: "requestState" });
  return ok({
    message: { ...rebuilt, params: withMembers(rebuilt.params ?? params, { requestState: opened.inner }) },
    once: { kind: "state", state: opened },
  });
}

/** A notification about a task, as the server that made the task knows it; undefined where it names none. */
export function openRelatedTask(
  message: NotificationMessage,
  { access }: Arrival,
  { keys }: Pick<Ports, "keys">,
): NotificationMessage | undefined {
  const { params } = message;
  const opened = params === undefined ? undefined : withOpenRelatedTask(keys, access, params);
  return opened === undefined ? undefined : { ...message, params: opened };
}

/** A message whose handle was opened is written anew; everything else keeps the bytes that were judged. */
export function encode(message: RequestMessage | NotificationMessage): Buffer {
  const { method, params } = message;
  const id = message.kind === "request" ? { id: message.id } : {};
  return Buffer.from(
    JSON.stringify({ jsonrpc: "2.0", ...id, method, ...(params === undefined ? {} : { params }) }),
  );
}
