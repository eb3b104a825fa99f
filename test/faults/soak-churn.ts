import { rotateGrant } from "@portcullis/server";
import { HandConnection } from "./hand-connection.ts";
import type { ClientCall } from "./load.ts";
import { type Rig, type Served, unwrap } from "./rig.ts";

const HOUR_MS = 3_600_000;
const LIFE_MS = 1_000 * HOUR_MS;
const TURNS_BETWEEN = 12;

/** What operators do meanwhile: policies are published, tokens are replaced. */
export class Churn {
  /** Tokens that worked after their end, or did not before it. */
  wrong = 0;
  readonly #rig: Rig;
  readonly #served: Served;
  readonly #label: string;
  #token: string;
  #turns = 0;
  readonly #calls: ClientCall[] = [];

  constructor(rig: Rig, served: Served) {
    this.#rig = rig;
    this.#served = served;
    const { label, token } = rig.grant("bank", LIFE_MS);
    this.#label = label;
    this.#token = token;
  }

  /** Now and then a new version of the policy, and a new token, which works at once, as the old one no longer does. */
  async turn(): Promise<void> {
    this.#turns += 1;
    if (this.#turns % TURNS_BETWEEN !== 0) return;
    const { folder, state } = this.#rig;
    this.#rig.publish("bank", this.#rig.bankPolicy(`turn ${this.#turns}`));
    const old = this.#token;
    this.#token = unwrap(rotateGrant(state, folder.keys, this.#label)).token;
    const [now, before] = [await this.#callWith(this.#token), await this.#callWith(old)];
    if (now.outcome !== "ran") this.wrong += 1;
    if (!isUnknown(before)) this.wrong += 1;
  }

  takeCalls(): readonly ClientCall[] {
    return this.#calls.splice(0);
  }

  async #callWith(token: string): Promise<ClientCall> {
    const connection = await HandConnection.open({ ...this.#rig.target(this.#served), token });
    const call = await connection.call();
    connection.destroy();
    this.#calls.push(call);
    return call;
  }
}

/** Nobody knows the token; or too many failed within this minute, some of them as faults, for the address to be told. */
function isUnknown({ status, text }: ClientCall): boolean {
  return status === 401 || (status === 429 && text.includes("Too many failed attempts."));
}
