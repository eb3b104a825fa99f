import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { ownChannel } from "../../../src/upstream/ask.ts";
import type { Warn } from "../../../src/upstream/channel/channel-pool.ts";
import { CHANNEL_SESSION } from "../../../src/upstream/channel/wire.ts";
import type { StdioOptions } from "../../../src/upstream/stdio/options.ts";
import { Cleanup, type Told } from "../harness.ts";
import {
  answered,
  Client,
  failed,
  fixture,
  OTHER_ID,
  openLifeSigns,
  openStdio,
  SCRIPTED,
  stdioServer,
} from "./harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const GO = "notifications/roots/list_changed";
const NOT_FOUND: Told[] = [{ answer: 404, body: "" }];
const modern = (options: StdioOptions = {}, server = SCRIPTED) =>
  new Client(openStdio(cleanup, options), server, { era: "modern" });

/** Collects warnings; `until` resolves at the first of that name. */
function openWarnings(): { warn: Warn; told: unknown[]; until: (event: string) => Promise<void> } {
  const told: unknown[] = [];
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const slot = (event: string) => {
    const found = waiting.get(event) ?? Promise.withResolvers<void>();
    waiting.set(event, found);
    return found;
  };
  const warn: Warn = (event, fields) => {
    told.push({ event, ...fields });
    slot(event).resolve();
  };
  return { warn, told, until: (event) => slot(event).promise };
}

describe("what a process is given (threats 98, 99)", () => {
  it("sees the harmless few of our environment, the allowed names and the server's own", async () => {
    const env = {
      PATH: "/bin",
      LC_ALL: "C",
      HOME: "/h",
      AWS_SECRET_ACCESS_KEY: "s",
      NODE_OPTIONS: "--x",
      MINE: "1",
    };
    const serverEnv = () => ({ TOKEN: "t", HOME: "/other" });
    const client = modern({ env, allowEnv: ["MINE", "ABSENT"], serverEnv });
    const { env: seen } = await client.look();
    expect(seen).toEqual({ PATH: "/bin", LC_ALL: "C", HOME: "/other", MINE: "1", TOKEN: "t" });
  });

  it("gets its arguments as they are: no shell reads them", async () => {
    const args = ["$HOME", "; touch /tmp/x", "a b", "`id`", "*", ""];
    const client = modern({}, stdioServer(fixture("scripted", ...args)));
    expect((await client.look()).args).toEqual(args);
  });

  it("starts in the folder it is told", async () => {
    const client = modern({ workingDirectory: () => tmpdir() });
    expect((await client.look()).folder).toBe(tmpdir());
  });
});

describe("one process per server and channel", () => {
  it("serves a channel again and again, and no other", async () => {
    const client = modern();
    const first = await client.look();
    const same = await client.look();
    const other = await client.look({ channel: "other" });
    const another = await client.look({ server: { ...SCRIPTED, id: OTHER_ID } });
    expect([same.pid === first.pid, other.pid === first.pid, another.pid === first.pid]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("takes no more than the limit, but for the gateway's own look", async () => {
    const client = modern({ maxProcessesPerServer: 2 });
    const waiting = ["a", "b"].map((channel) =>
      client.run("w", [{ await: GO }, { answer: {} }], { channel }),
    );
    expect(await client.run("r", [], { channel: "c" }).done).toEqual(failed("busy", false));
    await client.look({ channel: ownChannel("inspect") });
    for (const channel of ["a", "b"]) client.notify(GO, {}, { channel });
    for (const { done } of waiting) expect(await done).toEqual(answered("w", {}));
  });

  it("starts another process when the operator registers another command", async () => {
    const client = modern();
    const first = await client.look();
    const other = await client.look({ server: stdioServer(fixture("scripted", "new")) });
    expect([first.args, other.args]).toEqual([[], ["new"]]);
  });

  it("answers 404 to a legacy session whose process is gone, so that the client initialises again", async () => {
    const upstreams = openStdio(cleanup);
    const client = new Client(upstreams);
    expect(await client.run("r", []).done).toEqual(NOT_FOUND);
    await client.initialize();
    upstreams.closeChannel(client.server, "channel");
    expect(await client.run("r", []).done).toEqual(NOT_FOUND);
    expect(await client.notify(GO).done).toEqual(NOT_FOUND);
    expect(await client.initialize()).toMatchObject([{ answer: 200, session: CHANNEL_SESSION }]);
  });

  it("starts nothing for a modern notification", async () => {
    const client = modern({}, stdioServer(["/does/not/exist"]));
    expect(await client.notify(GO).done).toEqual([{ answer: 202, body: "" }]);
  });

  it.each([
    ["an error", [{ write: { jsonrpc: "2.0", id: "$ID", error: { code: -32602, message: "no" } } }], 10_000],
    ["silence", [], 30],
  ])("does not keep a process whose `initialize` ended with %s", async (_, steps, deadlineMs) => {
    const client = new Client(openStdio(cleanup, { maxProcessesPerServer: 1 }));
    await client.ask(1, "initialize", { steps }, { deadlineMs }).done;
    expect(await client.run("r", []).done).toEqual(NOT_FOUND);
  });
});

describe("the end of a process", () => {
  it("fails what is in flight, and the GET stream", async () => {
    const client = new Client(openStdio(cleanup));
    await client.initialize();
    const stream = client.verb("GET");
    const waits = client.run("w", [{ await: GO }, { answer: {} }]);
    const exits = client.run("r", [{ exit: 3 }]);
    expect(await Promise.all([exits.done, waits.done])).toEqual([
      failed("exited", true),
      failed("exited", true),
    ]);
    expect((await stream.done).at(-1)).toEqual({ fail: { kind: "exited", sent: true } });
    expect(await client.run("r", []).done).toEqual(NOT_FOUND);
  });

  it("lets an answer through that was written just before", async () => {
    const client = modern();
    const steps = [{ fill: 500_000 }, { exit: 0 }];
    const [told] = await client.run("r", steps).done;
    expect(told).toMatchObject({ answer: 200 });
  });

  it("fails what is in flight when its output is closed", async () => {
    expect(await modern().run("r", [{ closeOutput: true }]).done).toEqual(failed("exited", true));
  });

  it.each([
    ["a command that does not exist", ["/does/not/exist"], "ENOENT"],
    ["a folder", [tmpdir()], "EACCES"],
    ["an argument with NUL", [process.execPath, "a\0b"], "ERR_INVALID_ARG_VALUE"],
    ["no command", [], "ERR_INVALID_ARG_VALUE"],
  ])("cannot be started: %s", async (_, command, code) => {
    const warnings = openWarnings();
    const client = modern({ warn: warnings.warn }, stdioServer(command));
    expect(await client.run("r", []).done).toEqual(failed("unreachable", false));
    await warnings.until("stdio_start_failed");
    expect(warnings.told).toEqual([{ event: "stdio_start_failed", server: "notes", code }]);
  });

  it("keeps the end of standard error for the operator, and logs none of it", async () => {
    const warnings = openWarnings();
    const upstreams = openStdio(cleanup, { warn: warnings.warn });
    const server = stdioServer(fixture("broken"));
    const client = new Client(upstreams, server, { era: "modern" });
    expect(await client.run("r", []).done).toEqual(failed("exited", true));
    expect(upstreams.recentErrors(server.id)).toEqual(["cannot find the licence"]);
    expect(warnings.told).toEqual([
      { event: "stdio_crashed", server: "notes", code: 3, signal: undefined, delayMs: 1_000 },
    ]);
  });

  it("reads much standard error without keeping it", async () => {
    const upstreams = openStdio(cleanup);
    const client = new Client(upstreams, SCRIPTED, { era: "modern" });
    const error = `${"x".repeat(1_000)}\n`.repeat(1_000);
    await client.run("r", [{ error }, { error: "last" }, { answer: {} }]).done;
    await client.run("s", [{ exit: 0 }]).done;
    const kept = upstreams.recentErrors(SCRIPTED.id);
    expect([kept.length, kept.at(-2)?.length, kept.at(-1)]).toEqual([21, 400, "last"]);
  });
});

describe("back-off after crashes", () => {
  it("delays 1, 2, 4 … 30 seconds, then tries again", async () => {
    let nowMs = 0;
    const warnings = openWarnings();
    const server = stdioServer(fixture("broken"));
    const client = modern({ now: () => nowMs, warn: warnings.warn }, server);
    for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(await client.run("r", []).done).toEqual(failed("exited", true));
      expect(warnings.told.at(-1)).toMatchObject({ event: "stdio_crashed", delayMs });
      nowMs += delayMs - 1;
      expect(await client.run("r", [], { channel: "any" }).done).toEqual(failed("unreachable", false));
      nowMs += 1;
    }
  });

  it("delays only its own channel once the command has worked", async () => {
    const client = modern({ now: () => 0 });
    await client.look();
    await client.run("r", [{ exit: 1 }]).done;
    expect(await client.run("r", []).done).toEqual(failed("unreachable", false));
    expect(await client.run("r", [{ answer: {} }], { channel: "other" }).done).toEqual(answered("r", {}));
  });

  it("a probe of the other era does not delay the server (2026-07-28 stdio: some servers die of it)", async () => {
    const client = new Client(openStdio(cleanup, { now: () => 0 }));
    const probe = { era: "modern", channel: "probe" } as const;
    expect(await client.run("r", [{ exit: 1 }], probe).done).toEqual(failed("exited", true));
    expect(await client.initialize()).toMatchObject([{ answer: 200 }]);
  });

  it("does not follow what was asked for", async () => {
    const upstreams = openStdio(cleanup, { now: () => 0 });
    const client = new Client(upstreams, SCRIPTED, { era: "modern" });
    await client.look();
    const waits = client.run("r", []);
    upstreams.closeChannel(client.server, "channel");
    expect(await waits.done).toEqual(failed("exited", true));
    expect(await client.run("s", [{ answer: {} }]).done).toEqual(answered("s", {}));
  });
});

describe("stopping", () => {
  const stubborn = async (mode: string, options: StdioOptions) => {
    const signs = await openLifeSigns(cleanup);
    const upstreams = openStdio(cleanup, options);
    const client = new Client(upstreams, stdioServer(fixture("stubborn", signs.port, mode)), {
      era: "modern",
    });
    await client.ask(1, "tools/list").done;
    const [parent, child] = await Promise.all([signs.living("parent"), signs.living("child")]);
    return { upstreams, client, gone: Promise.all([parent.gone, child.gone]) };
  };

  it("kills the whole group that ignores the end of input and SIGTERM", async () => {
    const { upstreams, client, gone } = await stubborn("stay", { killAfterMs: 200 });
    upstreams.closeChannel(client.server, "channel");
    await expect(gone).resolves.toEqual([undefined, undefined]);
  });

  it("kills what a process leaves behind when it goes", async () => {
    const { upstreams, client, gone } = await stubborn("leave", { killAfterMs: 60_000 });
    upstreams.closeChannel(client.server, "channel");
    await expect(gone).resolves.toEqual([undefined, undefined]);
  });

  it("ends every process of a server that was removed", async () => {
    const { upstreams, client, gone } = await stubborn("leave", { killAfterMs: 60_000 });
    upstreams.closeServer(client.server.id);
    await expect(gone).resolves.toEqual([undefined, undefined]);
    expect(upstreams.recentErrors(client.server.id)).toEqual([]);
  });

  it("happens when nothing was asked for a while; then a modern channel starts anew", async () => {
    const { client, gone } = await stubborn("leave", { idleMs: 30 });
    await expect(gone).resolves.toEqual([undefined, undefined]);
    expect(await client.ask(2, "tools/list").done).toEqual(answered(2, {}));
  });

  it("does not happen while a request or a GET stream is open", async () => {
    const client = new Client(openStdio(cleanup, { idleMs: 20 }));
    await client.initialize();
    const stream = client.verb("GET");
    // Longer than the idle time: the deadline of one request is the clock of the test.
    expect(await client.run("r", [], { deadlineMs: 100 }).done).toEqual(failed("deadline", true));
    expect(await client.run("s", [{ answer: {} }]).done).toEqual(answered("s", {}));
    expect(stream.told).toEqual([{ stream: true }]);
    stream.exchange.cancel();
  });

  it("follows a write that stays unread (faults F5)", async () => {
    const client = modern({ stallMs: 50 }, stdioServer(fixture("deaf")));
    const small = client.run("small", []);
    await nextTurn();
    const big = client.ask("big", "tools/call", { text: "x".repeat(1_000_000) });
    expect(await big.done).toEqual(failed("stalled", true));
    expect(await small.done).toEqual(failed("exited", true));
  });

  it("takes no more than a few MiB that stay unread", async () => {
    const client = modern({}, stdioServer(fixture("deaf")));
    const text = "x".repeat(1_000_000);
    const told = Array.from({ length: 8 }, (_, index) => client.ask(index, "tools/call", { text }).done);
    expect(await Promise.race(told)).toEqual(failed("busy", false));
  });
});

describe("the end of the gateway itself", () => {
  it("takes every group with it, also where nobody disposed", async () => {
    const signs = await openLifeSigns(cleanup);
    const [node = "", leaver = ""] = fixture("leaver");
    const gateway = spawn(node, ["--conditions=portcullis-source", leaver, signs.port], { stdio: "inherit" });
    const code = new Promise((resolve) => gateway.once("exit", resolve));
    const [parent, child] = await Promise.all([signs.living("parent"), signs.living("child")]);
    expect([await code, await parent.gone, await child.gone]).toEqual([7, undefined, undefined]);
  });
});

describe("dispose", () => {
  it("waits until nothing is left: no process, no pipe, no descriptor, no listener", async () => {
    await handlesClose();
    const before = leftovers();
    const upstreams = openStdio(cleanup, { killAfterMs: 300 });
    const client = new Client(upstreams, SCRIPTED, { era: "modern" });
    await Promise.all(["a", "b", "c"].map((channel) => client.look({ channel })));
    const deaf = stdioServer(fixture("deaf"), { id: OTHER_ID });
    const text = "x".repeat(1_000_000);
    const waits = client.ask("w", "tools/call", { text }, { server: deaf });
    expect(leftovers().processes).toBe(before.processes + 4);
    await upstreams[Symbol.asyncDispose]();
    expect(await waits.done).toEqual(failed("exited", true));
    await handlesClose();
    expect(leftovers()).toEqual(before);
    expect(await client.run("r", []).done).toEqual(failed("unreachable", false));
  });
});

/** What this process holds of others. Descriptors are counted where the system lists them. */
function leftovers() {
  const resources = process.getActiveResourcesInfo();
  return {
    processes: resources.filter((name) => name === "ProcessWrap").length,
    pipes: resources.filter((name) => name === "PipeWrap").length,
    listeners: process.listenerCount("exit"),
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0,
  };
}

/** The handles of ended processes close in the last phase of a turn, after `setImmediate`. */
async function handlesClose(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
