import { expect, test } from "vitest";
import { killUnderLoad } from "./kill.ts";
import { dieAtEachStep } from "./steps.ts";

const KILLS = 6;

test(`F1: ${KILLS} times kill -9 under load: no execution without an intent, the quota holds, clean starts (P1, P2, P8)`, async () => {
  const figures = await killUnderLoad(KILLS, 1);
  expect(figures.filter(({ ok }) => !ok)).toEqual([]);
});

test("F2: kill -9 at each step of a call leaves a state that is known (P1, P8)", async () => {
  const { rows, broken } = await dieAtEachStep();
  expect(broken).toEqual([]);
  const nothing = { ran: 0, intents: 0, outcome: "", charged: 0, client: "cut" };
  const sent = { ran: 0, intents: 1, outcome: "unknown", charged: 1, client: "cut" };
  const ran = { ...sent, ran: 1 };
  const told = { ...ran, client: "ran" };
  expect(rows).toEqual([
    { step: "while it is identified", ...nothing },
    { step: "while it is judged", ...nothing },
    { step: "before reserve", ...nothing },
    { step: "after reserve", ...nothing },
    { step: "before intend", ...nothing },
    { step: "before the commit of the intent", ...nothing },
    { step: "intent written, not committed", ...nothing },
    { step: "after the commit of the intent", ...sent },
    { step: "after intend", ...sent },
    { step: "after the last look at the grant", ...sent },
    { step: "before the request is handed over", ...sent },
    // Whether its bytes left in the same turn is the HTTP client's choice.
    { step: "after the request was handed over", ...sent, ran: expect.toBeOneOf([0, 1]) },
    { step: "after the response came", ...ran },
    { step: "before record", ...ran },
    { step: "after record", ...ran },
    // Its bytes go with those of the other answers of its turn (ADR 20).
    { step: "after the answer was given on", ...ran },
    { step: "before the commit of the outcome", ...told },
    { step: "outcome written, not committed", ...told },
    { step: "after the commit of the outcome", ...told, outcome: "ok" },
    { step: "the upstream has it and did not run it", ...sent },
    { step: "the upstream ran it and did not answer", ...ran },
  ]);
});
