import type { State } from "../../storage/state.ts";
import { CATALOGUE_RULES } from "../catalogue-rules.ts";
import { mirrorLive } from "../live/mirror-live.ts";
import { loadSeed } from "../seed/load-seed.ts";
import type { Catalogue } from "../store/open-catalogue.ts";
import { rejudge } from "../store/rejudge.ts";

/** How often what was registered meanwhile is looked for. */
const LOOK_MS = 2_000;

export interface KeeperOptions {
  readonly catalogue: Catalogue;
  readonly state: State;
  nowMs(): number;
  /** The longest tools of this registered server are not shown. */
  readonly onSkipped: (server: string) => void;
}

/** Keeps the index true while pages are made of it: the shipped snapshot, the servers of this gateway, newer rules. */
export class IndexKeeper {
  readonly #options: KeeperOptions;
  #seen: unknown;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Everything that the first page should show. */
  open(): void {
    loadSeed(this.#options.catalogue, CATALOGUE_RULES);
    this.refresh();
  }

  /** Judges everything anew where the rules are newer, and steps aside after each server. */
  async rejudge(): Promise<void> {
    const { catalogue, nowMs } = this.#options;
    for (const _progress of rejudge(catalogue.db, CATALOGUE_RULES, nowMs())) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Shows the servers of this gateway as they are now. Costs nothing while nobody changed them. */
  refresh(): void {
    const { catalogue, state, nowMs, onSkipped } = this.#options;
    if (nowMs() - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs();
    // SQLite counts what other connections commit.
    const version = state.db.get("PRAGMA data_version")?.["data_version"];
    if (version === this.#seen) return;
    mirrorLive(catalogue, state, { rules: CATALOGUE_RULES, nowMs: nowMs(), onSkipped });
    this.#seen = version;
  }
}
