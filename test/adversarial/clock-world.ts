/** A gateway whose clock the harness sets, with a recording server behind it. */
import { once } from "node:events";
import { join } from "node:path";
import { startRig } from "../e2e/harness.ts";
import { PORTCULLIS } from "../e2e/served.ts";
import { Canaries } from "./canaries.ts";
import { CREDENTIAL, registrar, type World } from "./cells.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { startRawUpstream } from "./raw-upstream.ts";
import type { ClockSetting } from "./shifted-clock.ts";
import { startWatchedGateway, type WatchedGateway } from "./watched-gateway.ts";
import { answerAsWorld } from "./world-server.ts";

export interface ClockWorld
  extends Pick<World, "rig" | "upstream" | "register" | "canaries" | "ledger">,
    AsyncDisposable {
  /** The gateway's process, which is another one after each start. */
  readonly gateway: () => WatchedGateway;
  setClock(wallMs: number | null): Promise<void>;
  /** Ends the gateway and starts it at the same address, with the clock as it was set. */
  restart(): Promise<void>;
}

const [NODE = "", ...SCRIPT] = PORTCULLIS;
const COMMAND = [NODE, "--import", join(import.meta.dirname, "shifted-clock.ts"), ...SCRIPT];

export async function openClockWorld(): Promise<ClockWorld> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startRawUpstream(answerAsWorld));
  let started: WatchedGateway | undefined;
  let setting: ClockSetting = { wallMs: null };
  const gateway = (): WatchedGateway => {
    if (started === undefined) throw new TypeError("the gateway was not started");
    return started;
  };
  const rig = stack.use(
    await startRig({}, async (dataDir) => {
      started = await startWatchedGateway(dataDir, { command: COMMAND });
      const { url, adminUrl } = started.gateway;
      return {
        gateway: { url, adminUrl, close: () => gateway().gateway.close() },
        logged: () => gateway().logged(),
      };
    }),
  );
  const canaries = new Canaries();
  canaries.add("credential", CREDENTIAL);
  const ledger = stack.use(new LedgerReader(rig.folder));
  const tell = async (): Promise<void> => {
    const { child } = gateway().process;
    const heard = once(child, "message");
    child.send(setting);
    await heard;
  };
  const open = stack.move();
  return {
    rig,
    upstream,
    canaries,
    ledger,
    register: registrar({ rig, upstream, canaries }),
    gateway,
    setClock: async (wallMs) => {
      setting = { wallMs };
      await tell();
    },
    restart: async () => {
      await gateway().gateway.close();
      const port = Number(new URL(rig.gateway.url).port);
      started = await startWatchedGateway(rig.folder.path, { command: COMMAND, port });
      await tell();
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
