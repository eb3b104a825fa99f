import { describe, expect, test } from "vitest";
import { turn, writeTogether } from "../../src/call/turn.ts";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the work of one turn", () => {
  test("is taken up kind by kind, whatever came first, and each kind in its own order", async () => {
    const done: string[] = [];
    for (const n of [1, 2]) {
      turn.commits.add(() => done.push(`commit ${n}`));
      turn.messages.add(() => done.push(`message ${n}`));
      turn.answers.add(() => done.push(`answer ${n}`));
    }
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual(["answer 1", "answer 2", "message 1", "message 2", "commit 1", "commit 2"]);
  });

  test("goes on with what a kind resolved before the next kind begins", async () => {
    const done: string[] = [];
    const body = new Promise<void>((resolve) => turn.messages.add(resolve));
    void body.then(() => {
      done.push("judged");
      // In the same turn: its kind comes yet.
      turn.commits.add(() => done.push("committed"));
    });
    await nextTurn();
    expect(done).toEqual(["judged", "committed"]);
  });

  test("that comes when its kind had its time is done in the next turn, and once", async () => {
    const done: string[] = [];
    turn.commits.add(() => {
      done.push("commit");
      turn.answers.add(() => done.push("late answer"));
      turn.commits.add(() => done.push("late commit"));
    });
    turn.messages.add(() => turn.answers.add(() => done.push("answer behind its kind")));
    await nextTurn();
    expect(done).toEqual(["commit"]);
    await nextTurn();
    expect(done).toEqual(["commit", "answer behind its kind", "late answer", "late commit"]);
    await nextTurn();
    expect(done).toHaveLength(4);
  });
});

describe("what is written together", () => {
  test("is written at the end of the step that asked for it, in order, before the next kind begins", async () => {
    const done: string[] = [];
    for (const n of [1, 2]) {
      turn.answers.add(() => {
        writeTogether(() => done.push(`write ${n}`));
        done.push(`answer ${n}`);
      });
    }
    turn.messages.add(() => done.push("message"));
    await nextTurn();
    expect(done).toEqual(["answer 1", "answer 2", "write 1", "write 2", "message"]);
  });

  test("what a write asks to be written is written as well", async () => {
    const done: string[] = [];
    writeTogether(() => {
      done.push("first");
      writeTogether(() => done.push("second"));
    });
    await nextTurn();
    expect(done).toEqual(["first", "second"]);
  });
});
