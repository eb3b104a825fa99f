import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { SqliteContactBox } from "../contact-box.ts";
import { openCatalogue } from "../store/open-catalogue.ts";
import type { ThreadData, ThreadMessage, ThreadRequest } from "./catalogue-thread.ts";
import { createSite } from "./site.ts";

/** Runs in a thread of its own (catalogue-thread.ts): opens the index, and answers one request after the other. */
const { dataFolder, base } = workerData as ThreadData;
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);
const catalogue = openCatalogue(dataFolder);
if (catalogue.ok) {
  const contact = new SqliteContactBox(join(dataFolder, "contact.db"));
  const answer = createSite({
    base,
    reader: catalogue.value.reader,
    contact,
    nowMs: () => Date.now(),
    onFault: (cause) => tell({ fault: cause instanceof Error ? cause.name : "unknown" }),
  });
  parentPort?.on("message", ({ id, request }: ThreadRequest) => {
    answer(request).then((made) => tell({ id, answer: made }));
  });
} else {
  tell({ fault: catalogue.error });
  // Ending says that no answer comes; the next request tries again.
  parentPort?.close();
}
