import type { IntendedCall } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { GoverningPolicy, Mode, Server } from "./records.ts";

/** What was answered, and everything that the answer was made of but the request's id. */
interface Entry {
  /** Immutable records: the same one says the same pins, the same rules. */
  readonly server: Server;
  readonly policy: GoverningPolicy | undefined;
  readonly mode: Mode;
  /** Of the server's answer and of ours, what follows the id. */
  readonly asked: Buffer;
  readonly told: string;
}

/** For all answers together, both halves counted as bytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Filtered lists as they were answered, for servers whose list has not changed: reading, hashing, filtering and writing
 * 500 tools takes ten times as long as comparing their bytes. An answer whose bytes are those of the last one, but for
 * the id where every server writes it, is answered with the bytes of the last answer, to the same grant, under the
 * same policy, while the server's pins are the same.
 */
export class ListMemo {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** The whole answer, or undefined where it has to be made. */
  recall(call: IntendedCall, body: Buffer, { snapshot }: Pick<Ports, "snapshot">): string | undefined {
    const opening = openingOf(call);
    const entry = opening === undefined ? undefined : this.#entries.get(keyOf(call));
    if (entry === undefined || opening === undefined) return undefined;
    const { access } = call.call.arrival;
    const isSame =
      entry.server === snapshot.server(access.server.id) &&
      entry.policy === access.policy &&
      entry.mode === access.mode &&
      body.length === opening.length + entry.asked.length &&
      body.toString("latin1", 0, opening.length) === opening &&
      entry.asked.compare(body, opening.length) === 0;
    return isSame ? `${opening}${entry.told}` : undefined;
  }

  /** Keeps the text that `body` was answered with, where it is a list whose bytes can be told apart from its id. */
  keep(call: IntendedCall, body: Buffer, text: string, { snapshot }: Pick<Ports, "snapshot">): void {
    const opening = openingOf(call);
    const { access } = call.call.arrival;
    const server = snapshot.server(access.server.id);
    if (opening === undefined || server === undefined) return;
    if (body.toString("latin1", 0, opening.length) !== opening || !text.startsWith(opening)) return;
    const asked = Buffer.from(body.subarray(opening.length));
    const told = text.slice(opening.length);
    this.#forget(keyOf(call));
    if (asked.length + told.length > MAX_BYTES) return;
    this.#entries.set(keyOf(call), { server, policy: access.policy, mode: access.mode, asked, told });
    this.#bytes += asked.length + told.length;
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.asked.length + entry.told.length;
    this.#entries.delete(key);
  }
}

/** Cursors are sealed to grant, server and method, and some members are for one era alone. */
function keyOf({ call }: IntendedCall): string {
  const { grant, server } = call.arrival.access;
  return `${grant.id} ${server.id} ${call.era} ${call.method}`;
}

/** How every server that we know begins its answer to this request. Of ASCII alone, so that text and bytes are one. */
function openingOf({ call }: IntendedCall): string | undefined {
  if (call.subject.kind !== "list" || call.message?.kind !== "request") return undefined;
  const id = JSON.stringify(call.message.id);
  return /^[ -~]*$/.test(id) ? `{"jsonrpc":"2.0","id":${id},` : undefined;
}
