import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { ok, type Result } from "@portcullis/policy";
import { openState } from "../../storage/state.ts";
import { SqliteContactBox } from "../contact-box.ts";
import { openCatalogue } from "../store/open-catalogue.ts";
import type { ThreadData, ThreadMessage, ThreadRequest } from "./catalogue-thread.ts";
import { IndexKeeper } from "./index-keeper.ts";
import { createSite, type SiteAnswer, type SiteRequest } from "./site.ts";

/** Runs in a thread of its own (catalogue-thread.ts): opens the index, and answers one request after the other. */
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);
const tellFault = (cause: unknown): void => tell({ fault: cause instanceof Error ? cause.name : "unknown" });
const nowMs = (): number => Date.now();

function open({
  dataFolder,
  base,
}: ThreadData): Result<(request: SiteRequest) => Promise<SiteAnswer>, string> {
  const catalogue = openCatalogue(dataFolder);
  if (!catalogue.ok) return catalogue;
  const state = openState(join(dataFolder, "state.db"));
  if (!state.ok) return state;
  const contact = new SqliteContactBox(join(dataFolder, "contact.db"));
  const onSkipped = (server: string) => tell({ fault: `the longest tools of ${server} are not shown` });
  const keeper = new IndexKeeper({ catalogue: catalogue.value, state: state.value, nowMs, onSkipped });
  keeper.open();
  keeper.rejudge().catch(tellFault);
  const answer = createSite({ base, reader: catalogue.value.reader, contact, nowMs, onFault: tellFault });
  return ok((request) => {
    try {
      keeper.refresh();
    } catch (cause) {
      // The command line may hold the index: what it knows is better than nothing.
      tellFault(cause);
    }
    return answer(request);
  });
}

const site = open(workerData as ThreadData);
if (site.ok) {
  tell({ isReady: true });
  parentPort?.on("message", ({ id, request }: ThreadRequest) => {
    site.value(request).then((answer) => tell({ id, answer }), tellFault);
  });
} else {
  tell({ fault: site.error });
  // Ending says that no answer comes; the next request tries again.
  parentPort?.close();
}
