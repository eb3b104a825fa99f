import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import {
  EXPIRED,
  MCP_EXAMPLE,
  OTHER_EXAMPLE,
  TEST_KEY,
} from "../../packages/server/test/upstream/tls-certificates.ts";
import { type Experiment, exactly, type Figure, promises, type Skipped } from "./experiment.ts";
import { Load } from "./load.ts";
import { brokenPromises, reconcile } from "./reconciler.ts";
import { Rig } from "./rig.ts";

/** The name in the certificates. */
const NAME = "mcp.example";
const HERE = "127.0.0.1";
/** Clouds hand out credentials there: nobody may go. */
const METADATA = "169.254.169.254";
/** Until a kept connection is closed, and the addresses of its name are looked up again (outbound/guard.ts). */
const FORGOTTEN_MS = 6_000;

/** What one process finds under a name: its own `/etc/hosts`, and a name server that does not answer. */
class OwnNames implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "portcullis-names-"));
  /** What a command is run by to see them. */
  readonly prefix: readonly string[];

  constructor() {
    const resolver = join(this.#folder, "resolv.conf");
    writeFileSync(resolver, "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
    this.set([HERE]);
    const mounts = `mount --bind '${this.#hosts}' /etc/hosts && mount --bind '${resolver}' /etc/resolv.conf`;
    this.prefix = ["unshare", "-m", "bash", "-c", `${mounts} && exec "$0" "$@"`];
  }

  /** Whether this machine lets us. */
  get arePossible(): boolean {
    const [program = "", ...args] = this.prefix;
    return spawnSync(program, [...args, "true"]).status === 0;
  }

  /** None: the name server would know, and is down. */
  set(addresses: readonly string[]): void {
    const lines = [`${HERE} localhost`, ...addresses.map((address) => `${address} ${NAME}`)];
    writeFileSync(this.#hosts, `${lines.join("\n")}\n`);
  }

  get #hosts(): string {
    return join(this.#folder, "hosts");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const NOT_POSSIBLE = { skipped: "giving one process names of its own takes root on Linux" } as const;

const STEPS: readonly {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly required: string;
}[] = [
  { name: "the name is known", addresses: [HERE], required: "ran" },
  { name: "the name server is down: the addresses that were good", addresses: [], required: "ran" },
  {
    name: "it is poisoned with the address of metadata",
    addresses: [METADATA],
    required: "its address is not allowed here",
  },
  {
    name: "it is down again: nothing from before the poison",
    addresses: [],
    required: "it cannot be reached",
  },
  {
    name: "one address of two is poisoned",
    addresses: [HERE, METADATA],
    required: "its address is not allowed here",
  },
  { name: "the name is right again", addresses: [HERE], required: "ran" },
];

/** F33: what a name means changes under a running gateway. */
export async function changingNames(): Promise<readonly Figure[] | Skipped> {
  using names = new OwnNames();
  if (!names.arePossible) return NOT_POSSIBLE;
  await using rig = await Rig.open();
  const { port } = new URL(rig.bankUrl);
  const named = rig.register("named", `http://${NAME}:${port}/mcp`, rig.bankPolicy());
  const served = await rig.serve({ prefix: names.prefix });
  const load = new Load(rig.target(served, named), 1);
  const figures: Figure[] = [];
  for (const { name, addresses, required } of STEPS) {
    names.set(addresses);
    if (figures.length > 0) await new Promise((resolve) => setTimeout(resolve, FORGOTTEN_MS));
    figures.push(exactly(name, saidOf(await load.call("pay")), required));
  }
  await load.close();
  await rig.stop(served);
  return [...figures, promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 }))];
}

function saidOf({ outcome, text }: { readonly outcome: string; readonly text: string }): string {
  return outcome === "ran" ? outcome : (/`named`: ([^.]*)\./.exec(text)?.[1] ?? text);
}

const REFUSED = "its TLS certificate is not valid, refused";
const SWAPS: readonly { readonly name: string; readonly cert: string; readonly required: string }[] = [
  { name: "a good certificate", cert: MCP_EXAMPLE, required: "ran, connected" },
  { name: "swapped for another host's", cert: OTHER_EXAMPLE, required: REFUSED },
  { name: "swapped for one that has expired", cert: EXPIRED, required: REFUSED },
  { name: "and back", cert: MCP_EXAMPLE, required: "ran, connected" },
];

/** F34: a server that was believed shows another certificate. */
export async function swappedCertificates(): Promise<readonly Figure[] | Skipped> {
  using names = new OwnNames();
  if (!names.arePossible) return NOT_POSSIBLE;
  await using rig = await Rig.open();
  await using front = await TlsFront.open(rig.bankUrl);
  const named = rig.register("named", `https://${NAME}:${front.port}/mcp`, rig.bankPolicy());
  const authorities = `${rig.executionsFile}-authorities.pem`;
  writeFileSync(authorities, [MCP_EXAMPLE, OTHER_EXAMPLE, EXPIRED].join("\n"));
  const env = { NODE_EXTRA_CA_CERTS: authorities, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const served = await rig.serve({ prefix: names.prefix, env });
  const load = new Load(rig.target(served, named), 1);
  const figures: Figure[] = [];
  for (const { name, cert, required } of SWAPS) {
    front.show(cert);
    const said = saidOf(await load.call("pay"));
    figures.push(exactly(name, `${said}, ${front.connections > 0 ? "connected" : "refused"}`, required));
  }
  await load.close();
  await rig.stop(served);
  return [...figures, promises(brokenPromises(reconcile(rig, load.calls), { drift: 0 }))];
}

/** TLS before a server that speaks none. */
class TlsFront implements AsyncDisposable {
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<TLSSocket>();
  /** Of clients that believed the certificate that is shown now. */
  connections = 0;

  private constructor(target: string) {
    const { port } = new URL(target);
    this.#server = createServer({ key: TEST_KEY, cert: MCP_EXAMPLE }, (near) => {
      this.connections += 1;
      this.#sockets.add(near);
      const far = connect(Number(port), HERE);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
      near.on("close", () => far.destroy());
      near.pipe(far).pipe(near);
    });
    this.#server.on("tlsClientError", () => {});
  }

  static async open(target: string): Promise<TlsFront> {
    const front = new TlsFront(target);
    front.#server.listen(0, HERE);
    await once(front.#server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From the next connection on; those that are open end. */
  show(cert: string): void {
    this.#server.setSecureContext({ key: TEST_KEY, cert });
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.connections = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const F33_CHANGES: Experiment = {
  id: "F33-changes",
  fault: "a name server goes down and is poisoned",
  run: changingNames,
};
export const F34_SWAP: Experiment = {
  id: "F34-swap",
  fault: "a certificate that was good is swapped",
  run: swappedCertificates,
};
