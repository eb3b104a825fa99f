import { describe, expect, test } from "vitest";
import { type ExchangeHost, HttpExchange } from "../../src/upstream/http-exchange.ts";
import { Watchdog } from "../../src/upstream/watchdog.ts";
import { listener } from "./harness.ts";

const HEAD = ["content-type", "application/json"];
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An exchange whose connection takes the request, and what it did. */
function sentExchange() {
  const done: string[] = [];
  const host: ExchangeHost = {
    limits: { maxBodyBytes: 1_000, maxStreamBytes: 1_000, stallMs: 1_000 },
    watchdog: new Watchdog(),
    release: () => done.push("released"),
    failed: ({ kind }) => done.push(`failed: ${kind}`),
    fault: () => done.push("fault"),
  };
  const heard = listener();
  const exchange = new HttpExchange(heard.sink, 5_000, host);
  exchange.markDispatched();
  exchange.onSend(() => done.push("connection closed"));
  exchange.markOpened();
  return { exchange, heard, done };
}

/** All of an answer, as its connection reads it. */
function answer(exchange: HttpExchange, status = 200): void {
  exchange.onHead(status, HEAD, () => {});
  exchange.onBody(Buffer.from("{}"));
  exchange.onEnd();
}

describe("an answer that is complete", () => {
  test("gives its place back at once, and is told with the other answers of its turn", async () => {
    const { exchange, heard, done } = sentExchange();
    answer(exchange);
    expect({ done: [...done], told: [...heard.told] }).toEqual({ done: ["released"], told: [] });
    await nextTurn();
    expect(heard.told).toEqual([{ answer: 200, body: "{}" }]);
    exchange.cancel();
    expect(done).toEqual(["released"]);
  });

  test("and is cancelled before it is told, is not told, and leaves its connection alone", async () => {
    const { exchange, heard, done } = sentExchange();
    answer(exchange);
    exchange.cancel();
    await nextTurn();
    expect({ done, told: heard.told }).toEqual({ done: ["released"], told: [] });
  });

  test("and meets its deadline before it is told, is the failure alone", async () => {
    const { exchange, heard } = sentExchange();
    answer(exchange);
    exchange.check(Number.POSITIVE_INFINITY);
    await nextTurn();
    expect(heard.told).toEqual([{ fail: { kind: "deadline", sent: true, httpStatus: 200 } }]);
  });
});

test("an error page that is too long is told once, and its connection closed", async () => {
  const { exchange, heard, done } = sentExchange();
  exchange.onHead(500, ["content-type", "text/html"], () => {});
  for (let times = 0; times < 3; times += 1) exchange.onBody(Buffer.alloc(64 * 1024));
  await nextTurn();
  expect({ done, told: heard.told }).toEqual({
    done: ["connection closed"],
    told: [{ answer: 500, body: "" }],
  });
});
