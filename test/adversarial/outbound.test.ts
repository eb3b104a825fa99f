import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { guardedLookup } from "../../packages/server/src/outbound/guard.ts";
import { judgeUrl, type OutboundRules } from "../../packages/server/src/outbound/judge.ts";

interface Urls {
  readonly refused: { readonly [group: string]: readonly string[] };
  readonly reached: readonly string[];
}

const { refused, reached } = parse(readFileSync(new URL("./outbound.yaml", import.meta.url), "utf8")) as Urls;
const GROUPS = Object.entries(refused).map(([group, urls]) => ({ group, urls }));

describe("URLs that somebody else chose (threat 61)", () => {
  test.each(GROUPS)("$group are refused, with a reason and without their text", ({ urls }) => {
    const found = urls.map((url) => [url, judgeUrl(url, {})] as const);
    expect(found.filter(([, judged]) => judged.ok).map(([url]) => url)).toEqual([]);
    for (const [url, judged] of found) {
      const reason = judged.ok ? "" : judged.error;
      expect(reason).not.toBe("");
      expect(url.length > 12 && reason.includes(url)).toBe(false);
    }
  });

  test("public ones are reached", () => {
    expect(reached.filter((url) => !judgeUrl(url, {}).ok)).toEqual([]);
  });

  test("what an operator opened opens nothing else, and metadata never", () => {
    const rules: OutboundRules = { allow: { host: "127.0.0.1", port: 8080 } };
    const open = (url: string): boolean => judgeUrl(url, rules).ok;
    expect(["http://127.0.0.1:8080/", "http://2130706433:8080/"].map(open)).toEqual([true, true]);
    expect(["http://127.0.0.1:8081/", "http://127.0.0.2:8080/", "http://localhost:8080/"].map(open)).toEqual([
      false,
      false,
      false,
    ]);
    expect((refused["metadata"] ?? []).filter(open)).toEqual([]);
  });
});

describe("names that resolve to another address than the judged one (threat 62)", () => {
  const lookup = (answers: readonly (readonly string[])[], host = "rebinding.example") => {
    const judged = judgeUrl(`https://${host}/`, {});
    if (!judged.ok) throw new Error(judged.error);
    let asked = 0;
    let nowMs = 0;
    const resolve = async () => answers[Math.min(asked++, answers.length - 1)] ?? [];
    const guarded = guardedLookup(judged.value, resolve, () => nowMs);
    const ask = (name = host): Promise<string> => {
      nowMs += 10_000;
      return new Promise((done) => {
        guarded(name, { all: true }, (error, found) =>
          done(error === null ? JSON.stringify(found) : "refused"),
        );
      });
    };
    return ask;
  };

  test.each([
    ["loopback", ["127.0.0.1"]],
    ["metadata", ["169.254.169.254"]],
    ["mapped loopback", ["::ffff:127.0.0.1"]],
    ["IPv6 loopback", ["::1"]],
    ["one public and one private", ["8.8.8.8", "10.0.0.1"]],
    ["one private among many", [...Array.from({ length: 50 }, (_, at) => `8.8.8.${at}`), "192.168.0.1"]],
    ["link-local with a zone", ["fe80::1%eth0"]],
    ["no address at all", []],
    ["what is no address", ["rebinding.example"]],
    ["an address with a port", ["8.8.8.8:80"]],
    ["an octal address", ["0177.0.0.1"]],
    ["6to4 of loopback", ["2002:7f00:1::"]],
    ["NAT64 of metadata", ["64:ff9b::a9fe:a9fe"]],
  ])("%s is refused", async (_, addresses) => {
    expect(await lookup([addresses])()).toBe("refused");
  });

  test("a public answer that turns private is refused from then on, and a private one is never remembered", async () => {
    const ask = lookup([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"], ["8.8.8.8"]]);
    const said = [await ask(), await ask(), await ask(), await ask()].map((text) => text.includes("8.8.8.8"));
    expect(said).toEqual([true, false, false, true]);
  });

  test("another name than the judged one is not resolved", async () => {
    const ask = lookup([["8.8.8.8"]]);
    expect(await ask("other.example")).toBe("refused");
    expect(await ask("REBINDING.example")).toBe("refused");
  });

  test("nothing is connected to when the look-up refuses", async () => {
    let connections = 0;
    const server = createServer(() => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const judged = judgeUrl("https://rebinding.example/", {});
    if (!judged.ok) throw new Error(judged.error);
    const guarded = guardedLookup(judged.value, async () => ["127.0.0.1"]);
    const failed = await new Promise<string>((resolve) => {
      const socket = connect({ host: "rebinding.example", port, lookup: guarded });
      socket.on("error", ({ name }) => resolve(name));
      socket.on("connect", () => resolve("connected"));
    });
    server.close();
    expect({ failed, connections }).toEqual({ failed: "Error", connections: 0 });
  });
});
