import type { Arrival, Verb } from "../../packages/server/src/call/call.ts";
import { handleMessage, handleVerb, type Line } from "../../packages/server/src/call/handle-call.ts";
import { identify } from "../../packages/server/src/call/identify.ts";
import type { CallRecord } from "./call-record.ts";
import { bodyOf, headersOf } from "./call-wire.ts";
import { ClientReply, type Seen } from "./client-reply.ts";
import type { Client, Organisation } from "./organisation.ts";
import { ruleOf } from "./settings.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the clients know besides. */
export interface ClientsOptions {
  readonly organisation: Organisation;
  /** The gateway that runs now. */
  readonly gateway: () => { readonly line: Line; readonly life: number };
  /** Call `id` opened a session, which its client calls `session`. */
  readonly onSession: (id: number, session: string) => void;
}

/** The agents before the gateway. They call, leave, and judge what they are told. */
export class SimulatedClients {
  readonly #world: Surroundings;
  readonly #organisation: Organisation;
  readonly #gateway: ClientsOptions["gateway"];
  readonly #onSession: ClientsOptions["onSession"];

  constructor(world: Surroundings, { organisation, gateway, onSession }: ClientsOptions) {
    this.#world = world;
    this.#organisation = organisation;
    this.#gateway = gateway;
    this.#onSession = onSession;
  }

  /** One of them sends a request. */
  arrive(): void {
    const { random, calls, note } = this.#world;
    const client = this.#caller();
    const { setting, document, id: serverId } = client.server;
    const isLegacy = setting.era === "legacy";
    const hasSession = client.session !== undefined;
    const kind = isLegacy && !hasSession ? "initialize" : isLegacy && random.oneIn(40) ? "end" : "call";
    if (kind === "initialize" && client.isOpening) return;
    const tool = random.pick(setting.tools);
    const amount = 1 + random.below(600);
    const call: CallRecord = {
      id: calls.length + 1,
      kind,
      client,
      tool,
      amount,
      rule: kind === "call" ? ruleOf(document, tool, amount) : { effect: "allow", limits: [] },
      session: client.session?.id,
      life: this.#gateway().life,
      reply: undefined,
      taken: undefined,
      seq: undefined,
      isEndCommitted: false,
      wasUnsent: false,
      fate: undefined,
      ran: false,
      isAnswered: false,
      endedBy: undefined,
    };
    calls.push(call);
    note(`${kind} ${call.id} ${client.label} ${tool} ${amount}`);
    this.#send(call, serverId);
    if (random.oneIn(50)) this.#leaveLater(call);
  }

  #caller(): Client {
    const { clients, revoked } = this.#organisation;
    const { random } = this.#world;
    return random.pick(revoked.length > 0 && random.oneIn(30) ? revoked.slice(-5) : clients);
  }

  #send(call: CallRecord, serverId: string): void {
    const { client, life, kind } = call;
    const headers = headersOf(call);
    const { line } = this.#gateway();
    const verb: Verb = kind === "end" ? "DELETE" : "POST";
    const digest = line.ports.keys.tokenDigest(client.token) ?? "";
    const access = identify({ verb, serverId, digest, headers }, line.ports);
    if (access.ok === client.isRevoked)
      this.#world.complain(
        `call ${call.id} of a grant that is ${client.isRevoked ? "" : "not "}revoked was ${access.ok ? "let in" : "kept out"}`,
      );
    if (!access.ok) return;
    if (kind === "initialize") client.isOpening = true;
    if (kind === "end") client.session = undefined;
    // A session of an earlier life is unknown now: its calls end before any limit is asked.
    const isKnown = client.session === undefined || client.session.life === life;
    if (kind === "call" && isKnown) this.#world.quotas.expect(call);
    const reply = new ClientReply(
      (seen) => this.#answered(call, seen),
      () => this.#world.isAlive(life),
    );
    call.reply = reply;
    const arrival: Arrival = {
      requestId: `call-${call.id}`,
      verb,
      access: access.value,
      headers,
      reply,
      mirrored: true,
      stdioSession: undefined,
      startedMs: this.#world.loop.monotonicMs(),
    };
    if (verb === "DELETE") void handleVerb(arrival, line);
    else void handleMessage(arrival, bodyOf(call), line);
  }

  #leaveLater(call: CallRecord): void {
    const { random, agenda, loop } = this.#world;
    agenda.add(loop.monotonicMs() + random.below(300), () => {
      if (!this.#world.isAlive(call.life) || call.isAnswered || call.reply === undefined) return;
      call.endedBy ??= "client";
      call.reply.leave();
      this.#world.note(`leave ${call.id}`);
    });
  }

  #answered(call: CallRecord, seen: Seen): void {
    this.#world.note(`answer ${call.id} ${seen.status}`);
    if (call.isAnswered) this.#world.complain(`call ${call.id} was answered twice`);
    call.isAnswered = true;
    const { client } = call;
    if (call.kind === "initialize") {
      client.isOpening = false;
      client.session = seen.session === undefined ? undefined : { id: seen.session, life: call.life };
      if (seen.session !== undefined) this.#onSession(call.id, seen.session);
      return;
    }
    if (seen.status === 404 && client.session?.id === call.session) client.session = undefined;
    const ran = /ran (\d+)\./.exec(seen.text)?.[1];
    if (ran !== undefined && (Number(ran) !== call.id || !call.ran))
      this.#world.complain(`call ${call.id} was told that call ${ran} ran`);
    if (seen.text.includes("[POLICY DENIED]") && call.fate !== undefined)
      this.#world.complain(`call ${call.id} was told that it was denied, and was sent`);
  }
}
