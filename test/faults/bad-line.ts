import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Random, seededRandom } from "../../packages/policy/test/reference/random.ts";

/** What happens to the bytes between two sides, now and then. */
const MISHAPS = ["delay", "cut", "half-close", "garble", "stall"] as const;
type Mishap = (typeof MISHAPS)[number];

export interface BadLineOptions {
  readonly seed: number;
  /** One in so many pieces of an answer meets a mishap. */
  readonly oneIn: number;
  readonly delayMs: number;
}

/** A bad line before a server: what comes back is late, cut, half-closed, garbled, or stops. */
export class BadLine implements AsyncDisposable {
  readonly url: string;
  readonly happened = new Map<Mishap, number>();
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async open(target: string, { seed, oneIn, delayMs }: BadLineOptions): Promise<BadLine> {
    const random = seededRandom(seed);
    const sockets = new Set<Socket>();
    const { port: targetPort, pathname } = new URL(target);
    const server = createServer((near) => {
      const far = connect(Number(targetPort), "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      near.pipe(far);
      far.on("data", (piece) => line.#pass(piece, near, random, oneIn, delayMs));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const line = new BadLine(`http://127.0.0.1:${port}${pathname}`, async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return line;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #pass(piece: Buffer, near: Socket, random: Random, oneIn: number, delayMs: number): void {
    if (!random.oneIn(oneIn)) {
      near.write(piece);
      return;
    }
    const mishap = random.pick(MISHAPS);
    this.happened.set(mishap, (this.happened.get(mishap) ?? 0) + 1);
    const half = piece.subarray(0, piece.length >> 1);
    if (mishap === "delay") setTimeout(() => near.write(piece), delayMs);
    else if (mishap === "cut") near.resetAndDestroy();
    else if (mishap === "half-close") near.end(half);
    else if (mishap === "garble") near.write(garbled(piece, random));
    else near.write(half);
  }
}

function garbled(piece: Buffer, random: Random): Buffer {
  const copy = Buffer.from(piece);
  for (let times = 0; times < 4; times += 1) copy[random.below(copy.length)] = random.below(256);
  return copy;
}
