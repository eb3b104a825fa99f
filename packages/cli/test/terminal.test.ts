import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { dataDirOf, resolvePath, selfCommand } from "../src/data-folder.ts";
import type { Io } from "../src/io.ts";
import { createOutput, showsColour } from "../src/output.ts";
import { toJsonLine, toJsonText, toPrintable } from "../src/printable.ts";
import { withProgress } from "../src/progress.ts";

describe("text of strangers cannot act on a terminal", () => {
  test.each([
    { name: "escape sequence", text: "a\u001b[31mb", shown: "a\\u{1b}[31mb" },
    { name: "C1 control", text: "a\u009b31mb", shown: "a\\u{9b}31mb" },
    { name: "right-to-left override", text: "a\u202eb", shown: "a\\u{202e}b" },
    { name: "zero width", text: "a\u200bb", shown: "a\\u{200b}b" },
    { name: "line feed", text: "a\nb", shown: "a\\u{a}b" },
    { name: "line separator", text: "a\u2028b", shown: "a\\u{2028}b" },
    { name: "lone surrogate", text: "a\ud800b", shown: "a\\u{d800}b" },
    { name: "tag character", text: "a\u{e0041}b", shown: "a\\u{e0041}b" },
    { name: "letters, signs and emoji", text: "äß漢 “x” 🙂", shown: "äß漢 “x” 🙂" },
  ])("$name", ({ text, shown }) => {
    expect(toPrintable(text)).toBe(shown);
    for (const json of [toJsonLine({ text }), toJsonText({ text })]) {
      expect([JSON.parse(json), /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u.test(json)]).toEqual([{ text }, false]);
    }
  });
});

describe("colours", () => {
  test.each<{ name: string; isTTY: boolean; env: Io["env"]; colour: boolean }>([
    { name: "terminal", isTTY: true, env: {}, colour: true },
    { name: "pipe", isTTY: false, env: {}, colour: false },
    { name: "NO_COLOR", isTTY: true, env: { NO_COLOR: "1" }, colour: false },
    { name: "empty NO_COLOR counts as none", isTTY: true, env: { NO_COLOR: "" }, colour: true },
    { name: "FORCE_COLOR", isTTY: false, env: { FORCE_COLOR: "1" }, colour: true },
    {
      name: "NO_COLOR beats FORCE_COLOR",
      isTTY: true,
      env: { NO_COLOR: "1", FORCE_COLOR: "1" },
      colour: false,
    },
    { name: "dumb terminal", isTTY: true, env: { TERM: "dumb" }, colour: false },
  ])("$name: $colour", ({ isTTY, env, colour }) => {
    const [io, written] = fakeIo({ env, isTTY });
    expect(showsColour(io.stdout, env)).toBe(colour);
    createOutput(io).table(["a"], [[{ text: "x", style: "red" }]]);
    expect(written().includes("\u001b[31mx")).toBe(colour);
  });
});

describe("data folder and paths", () => {
  const home = { HOME: "/home/me" };
  const npm = { ...home, INIT_CWD: "/user" };
  test.each<{ name: string; flag?: string; env: Io["env"]; dataDir: string }>([
    { name: "flag", flag: "d", env: { ...home, PORTCULLIS_DATA: "/v" }, dataDir: "/folder/d" },
    { name: "variable", env: { ...home, PORTCULLIS_DATA: "v" }, dataDir: "/folder/v" },
    { name: "XDG_DATA_HOME", env: { ...home, XDG_DATA_HOME: "/x" }, dataDir: "/x/portcullis" },
    {
      name: "a relative XDG_DATA_HOME is ignored",
      env: { ...home, XDG_DATA_HOME: "x" },
      dataDir: "/home/me/.local/share/portcullis",
    },
    { name: "home", env: home, dataDir: "/home/me/.local/share/portcullis" },
    { name: "npm start", env: { ...npm, npm_lifecycle_event: "start" }, dataDir: "/user/data" },
    {
      name: "npm run portcullis",
      flag: "d",
      env: { ...npm, npm_lifecycle_event: "portcullis" },
      dataDir: "/user/d",
    },
    {
      name: "another npm script: INIT_CWD is not ours",
      flag: "d",
      env: { ...npm, npm_lifecycle_event: "test" },
      dataDir: "/folder/d",
    },
  ])("$name: $dataDir", ({ flag, env, dataDir }) => {
    expect(dataDirOf(fakeIo({ env })[0], flag)).toBe(dataDir);
  });

  test("advice names the program as the user called it", () => {
    const events = ["start", "portcullis", "npx", undefined];
    expect(
      events.map((npm_lifecycle_event) => selfCommand(fakeIo({ env: { npm_lifecycle_event } })[0])),
    ).toEqual(["npm run -s portcullis --", "npm run -s portcullis --", "npx portcullis", "portcullis"]);
    expect(resolvePath(fakeIo({ env: {} })[0], "/a/../b")).toBe("/b");
  });
});

describe("progress", () => {
  test("work that takes long is told on standard error, once where nobody looks", async () => {
    const [io, written] = fakeIo({ env: {} });
    const { promise, resolve } = Promise.withResolvers<number>();
    const stderr = {
      write: (text: string): void => {
        written.add(text);
        resolve(7);
      },
    };
    expect(await withProgress({ ...io, stderr }, "listing", promise)).toBe(7);
    expect(written()).toBe("listing …\n");
  });

  test("in a terminal the line says what is waited for by now, and never wraps", async () => {
    const [io, written] = fakeIo({ env: {} });
    const { promise, resolve } = Promise.withResolvers<number>();
    const stderr = {
      isTTY: true,
      columns: 24,
      write: (text: string): void => {
        written.add(text);
        resolve(7);
      },
    };
    let label = "before";
    const done = withProgress({ ...io, stderr }, () => label, promise);
    label = "waiting for a-server-with-a-long-name";
    await done;
    expect(written()).toBe("\rwaiting for a-ser … 1 s\u001b[K\r\u001b[K");
  });

  test("quick work says nothing", async () => {
    const [io, written] = fakeIo({ env: {} });
    await withProgress(io, "listing", Promise.resolve());
    expect(written()).toBe("");
  });
});

test("the published bin tells an old Node in one line what to run", () => {
  const bin = fileURLToPath(new URL("../bin/portcullis.cjs", import.meta.url));
  const old = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });';
  const script = `${old} process.argv.splice(1, 0, "portcullis"); require(${JSON.stringify(bin)});`;
  const ended = spawnSync(process.execPath, ["-e", script, "policy", "eval", "--call", "a b"], {
    encoding: "utf8",
  });
  expect([ended.status, ended.stdout, ended.stderr]).toEqual([
    2,
    "",
    "error: Node 20.20.2 is too old, 24.15 is needed; run: npx -y -p node@24 -p portcullis portcullis policy eval --call 'a b'\n",
  ]);
});

interface Written {
  (): string;
  add(text: string): void;
}

function fakeIo({
  env,
  isTTY = false,
}: {
  readonly env: Io["env"];
  readonly isTTY?: boolean;
}): [Io, Written] {
  let text = "";
  const add = (more: string): void => {
    text += more;
  };
  const output = { isTTY, write: add };
  const io: Io = {
    stdin: (async function* () {})(),
    stdout: output,
    stderr: output,
    env,
    cwd: "/folder",
    stopSignal: () => new AbortController().signal,
    nowMs: () => 0,
  };
  return [io, Object.assign(() => text, { add })];
}
