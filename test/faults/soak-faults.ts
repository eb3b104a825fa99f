import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Random } from "../../packages/policy/test/reference/random.ts";
import { MCP_EXAMPLE, TEST_KEY } from "../../packages/server/test/upstream/tls-certificates.ts";
import { BadLine } from "./bad-line.ts";
import { HandConnection } from "./hand-connection.ts";
import { type ClientCall, Load, type Target } from "./load.ts";
import { ENDLESS, ODDITIES, startOdd } from "./odd-upstream.ts";
import { callHeaders } from "./protocol.ts";
import type { Registered, Rig, Served } from "./rig.ts";

const OPEN = { version: "1", default: "allow" } as const;
const MIB = 1024 * 1024;
const SECOND_MS = 1_000;
const CONNECTIONS = 64;
/** Longer than the gateway lets a reader do nothing. */
const UNREAD_MS = 32 * SECOND_MS;

/** One way in which something goes wrong, once. */
interface FaultKind {
  readonly name: string;
  /** How often it is drawn, against the others: what costs much is rare. */
  readonly weight: number;
  readonly happen: () => Promise<unknown>;
}

/** Everything that can go wrong around a gateway that itself goes on (faults F5–F9, F19, F21, F33, F34). */
export class SoakFaults implements AsyncDisposable {
  /** How often each happened. */
  readonly happened = new Map<string, number>();
  readonly #random: Random;
  readonly #kinds: FaultKind[] = [];
  readonly #loads: Load[] = [];
  readonly #calls: ClientCall[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #cleanup = new AsyncDisposableStack();

  private constructor(random: Random) {
    this.#random = random;
  }

  static async open(rig: Rig, served: Served, random: Random, seed: number): Promise<SoakFaults> {
    const faults = new SoakFaults(random);
    await faults.#addServers(rig, served);
    await faults.#addNetwork(rig, served, seed);
    faults.#addClients(rig, served);
    return faults;
  }

  /** Lets one happen, whichever chance picks, and does not wait for its end. */
  happen(): void {
    let left = this.#random.below(this.#kinds.reduce((total, { weight }) => total + weight, 0));
    const kind = this.#kinds.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    if (kind === undefined) return;
    this.happened.set(kind.name, (this.happened.get(kind.name) ?? 0) + 1);
    const running: Promise<unknown> = kind.happen().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** The calls of all its clients that ended since the last time. */
  takeCalls(): readonly ClientCall[] {
    return [...this.#calls.splice(0), ...this.#loads.flatMap(({ calls }) => calls.splice(0))];
  }

  /** Until none is under way. */
  async over(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.close()));
    await this.#cleanup.disposeAsync();
  }

  async #addServers(rig: Rig, served: Served): Promise<void> {
    const byNumber = new Map<number, (typeof ODDITIES)[number]>();
    const odd = await startOdd((socket, id) => {
      byNumber.get(id)?.answer(socket, id);
      byNumber.delete(id);
    });
    const toOdd = this.#load(rig.target(served, rig.register("odd", odd.url, OPEN, 2 * SECOND_MS)));
    this.#add("a server that breaks", 40, () => {
      byNumber.set(toOdd.nextNumber(), this.#random.pick(ODDITIES));
      return toOdd.call("pay");
    });
    const dead = await startOdd(() => {});
    const toDead = this.#load(rig.target(served, rig.register("dead", dead.url, OPEN, 2 * SECOND_MS)));
    this.#add("a server that hangs", 10, () => toDead.call("pay"));
    const endless = await startOdd((socket) => this.#pump(socket));
    const toEndless = this.#load(
      rig.target(served, rig.register("endless", endless.url, OPEN, 5 * SECOND_MS)),
    );
    this.#add("an answer without end", 1, () => toEndless.call("pay"));
    for (const server of [odd, dead, endless]) this.#cleanup.use(server);
  }

  async #addNetwork(rig: Rig, served: Served, seed: number): Promise<void> {
    const line = this.#cleanup.use(await BadLine.open(rig.bankUrl, { seed, oneIn: 3, delayMs: 300 }));
    const behind = rig.register("behind", line.url, rig.bankPolicy(), SECOND_MS);
    const toBehind = this.#load(rig.target(served, behind));
    this.#add("a bad line", 40, () => toBehind.call("pay"));
    const places = [
      ["a name that nobody knows", "https://nothing.invalid/mcp"],
      ["a port where nobody listens", "http://127.0.0.1:1/mcp"],
      ["a certificate that nobody vouches for", await this.#startTls()],
    ] as const;
    for (const [at, [name, url]] of places.entries()) {
      const toNowhere = this.#load(rig.target(served, rig.register(`nowhere-${at}`, url, OPEN)));
      this.#add(name, 4, () => toNowhere.call("pay"));
    }
  }

  #addClients(rig: Rig, served: Served): void {
    const target = rig.target(served);
    const big = this.#load(target, 2);
    const size = () => this.#random.below(8 * MIB - 4_096);
    this.#add("an answer of some MiB", 2, () => big.call("odd_big", { bytes: size() }));
    this.#add("a client that hangs up", 20, () => this.#hangUp(target));
    this.#add("a client that sends bit by bit", 4, () => this.#drip(target));
    this.#add("a client that reads nothing", 1, () => this.#readNothing(target));
    this.#add("clients that say nothing", 1, () => sayNothing(target));
    const stranger = { ...rig.bank, token: "ptc_none" };
    this.#add("a token that is none", 2, () => post(served, stranger, "{}"));
    for (const body of ["{nope", "[]", "[".repeat(MIB), `{"a":${"[1,".repeat(30_000)}`])
      this.#add("a body that is none", 2, () => post(served, rig.bank, body));
  }

  #add(name: string, weight: number, happen: FaultKind["happen"]): void {
    this.#kinds.push({ name, weight, happen });
  }

  #load(target: Target, connections = CONNECTIONS): Load {
    const load = new Load(target, connections);
    this.#loads.push(load);
    return load;
  }

  #pump(socket: Socket): void {
    const { head, piece } = this.#random.pick(ENDLESS);
    const pump = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", pump);
    socket.write(head, pump);
  }

  /** Gone before the answer comes, or just after. */
  async #hangUp(target: Target): Promise<void> {
    const connection = await HandConnection.open(target);
    const call = connection.call();
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(6)));
    connection.destroy();
    this.#calls.push(await call);
  }

  async #drip(target: Target): Promise<void> {
    const connection = await HandConnection.open(target);
    this.#calls.push(await connection.call({ pieces: 8, pauseMs: 200 }));
    connection.destroy();
  }

  async #readNothing(target: Target): Promise<void> {
    const connection = await HandConnection.open(target);
    const call = connection.call({ tool: "odd_big", bytes: 4 * MIB, readsNothing: true });
    await new Promise((resolve) => setTimeout(resolve, UNREAD_MS));
    connection.destroy();
    this.#calls.push(await call);
  }

  async #startTls(): Promise<string> {
    const server = createServer({ key: TEST_KEY, cert: MCP_EXAMPLE }, (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#cleanup.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  }
}

async function post({ url }: Served, { path, token }: Registered, body: string): Promise<void> {
  const headers = callHeaders(token, "pay");
  const answer = await fetch(url + path, { method: "POST", headers, body }).catch(() => undefined);
  await answer?.text().catch(() => undefined);
}

/** Twenty connections for two seconds. */
async function sayNothing({ origin }: Target): Promise<void> {
  const sockets = Array.from({ length: 20 }, () => connect(Number(new URL(origin).port), "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => {});
  await new Promise((resolve) => setTimeout(resolve, 2 * SECOND_MS));
  for (const socket of sockets) socket.destroy();
}
