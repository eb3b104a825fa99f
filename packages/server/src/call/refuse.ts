import type { Reply, RoutedCall } from "./call.ts";
import type { Refusal, RefusalContext } from "./refusal.ts";
import { toWire } from "./wire.ts";

/** Puts a refusal on the wire: whole, or as the last event of a stream that has begun. */
export function refuse(reply: Reply, refusal: Refusal, context: RefusalContext): void {
  if (reply.closed) return;
  const answer = toWire(refusal, context);
  if (!reply.streaming) {
    reply.whole(answer.status, answer.headers, answer.body);
    return;
  }
  // A begun stream has no status any more; without a request there is nobody to tell.
  if (context.id !== undefined) reply.event({ data: answer.body });
  reply.end();
}

/** What a refusal needs to know of a routed call; a notification has no id and no tool result. */
export function contextOf({ message, era, subject }: RoutedCall): RefusalContext {
  const isRequest = message?.kind === "request";
  return { id: isRequest ? message.id : undefined, era, isToolCall: isRequest && subject.kind === "tool" };
}
