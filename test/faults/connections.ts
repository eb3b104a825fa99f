import { Client } from "undici";

/**
 * So many connections to one place and never one more, each with one request at a time; what finds none free waits
 * for its turn. The pools of the HTTP library give a connection up after an error and open another beside it.
 */
export class Connections {
  readonly #all: readonly Client[];
  readonly #free: Client[];
  readonly #waiting = new Set<(client: Client) => void>();

  constructor(origin: string, count: number) {
    const options = { headersTimeout: 0, bodyTimeout: 0 };
    this.#all = Array.from({ length: count }, () => new Client(origin, options));
    this.#free = [...this.#all];
  }

  /** How many have a request that is not answered. */
  get busy(): number {
    return this.#all.length - this.#free.length;
  }

  /** Does something with a connection that nobody else uses meanwhile, once there is one. */
  async use<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#take();
    try {
      return await work(client);
    } finally {
      this.#giveBack(client);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }

  /** The one that was free for longest: all are used in turn. */
  #take(): Client | Promise<Client> {
    return this.#free.shift() ?? new Promise((resolve) => this.#waiting.add(resolve));
  }

  #giveBack(client: Client): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free.push(client);
      return;
    }
    this.#waiting.delete(next);
    next(client);
  }
}
