import {
  type CompiledPolicy,
  compilePolicy,
  evaluateCall,
  type JsonValue,
  OPERATORS,
  type Operator,
  validatePolicy,
} from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { unwrap } from "../e2e/harness.ts";

/** A value for each operator that is met by what {@link ARGUMENTS} hold, so that a deny_if of it denies. */
const VALUES: { readonly [operator in Operator]: JsonValue } = {
  eq: "https://a.example/x",
  neq: "other",
  in: ["other", "https://a.example/x"],
  not_in: ["other"],
  lt: 10,
  lte: 10,
  gt: 1,
  gte: 1,
  contains: "example",
  regex: "^https://a[.]example/",
  exists: true,
  starts_with: "https",
  ends_with: "/x",
  length_lte: 100,
  path_within: ["/safe"],
  host_in: ["a.example"],
};
const NUMBERS: ReadonlySet<Operator> = new Set(["lt", "lte", "gt", "gte"]);
const URL_TEXT = "https://a.example/x";

/** Arguments of every shape that a path leads through. */
const argumentsFor = (operator: Operator): object => {
  const met = operator === "path_within" ? "/safe/x" : NUMBERS.has(operator) ? 5 : URL_TEXT;
  return { x: met, deep: { y: [met, met] }, all: [met, met, met], none: null, amount: 2 };
};

const PATHS = ["args.x", "args.deep.y[1]", "args.all[*]", "args.deep[*][*]", 'args["x"]'];
const PLACES = ["require", "deny_if", "approve_if"] as const;

/** Throws when the n-th member is looked at, asked for or listed; undefined where so many are not looked at. */
class Trap {
  looks = 0;
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  around<T extends object>(value: T): T {
    return new Proxy(value, {
      get: (target, key, receiver) => {
        this.#look();
        const member: unknown = Reflect.get(target, key, receiver);
        return typeof member === "object" && member !== null ? this.around(member) : member;
      },
      has: (target, key) => {
        this.#look();
        return Reflect.has(target, key);
      },
      ownKeys: (target) => {
        this.#look();
        return Reflect.ownKeys(target);
      },
      getOwnPropertyDescriptor: (target, key) => {
        this.#look();
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    });
  }

  #look(): void {
    this.looks += 1;
    if (this.looks === this.#at) throw new RangeError("a look that fails");
  }
}

function policyOf(operator: Operator, path: string, place: (typeof PLACES)[number]): CompiledPolicy {
  const condition = { path, op: operator, value: VALUES[operator] };
  const limit = { counter: "c", window: "day", max: 5, increment_from: "args.amount" };
  const tools = { t: { [place]: [{ conditions: [condition] }], limits: [limit] } };
  return compilePolicy(unwrap(validatePolicy({ version: "1", default: "deny", tools })));
}

describe("whatever goes wrong while a call is judged, it is denied (threat 65)", () => {
  test("every operator is tried", () => {
    expect(Object.keys(VALUES).sort()).toEqual([...OPERATORS].sort());
  });

  test.each(OPERATORS)("%s: at every look at the arguments, in every place", (operator) => {
    let faults = 0;
    for (const path of PATHS) {
      for (const place of PLACES) {
        const policy = policyOf(operator, path, place);
        const judge = (trap: Trap) =>
          evaluateCall(policy, {
            tool: "t",
            // What a bug would do: no message holds such an object.
            args: trap.around(argumentsFor(operator)) as never,
            nowMs: 0,
          });
        const calm = new Trap(0);
        const verdict = judge(calm);
        for (let at = 1; at <= calm.looks; at += 1) {
          const { effect, rule } = judge(new Trap(at));
          faults += 1;
          expect([path, place, at, effect, rule]).toEqual([path, place, at, "deny", "(error)"]);
        }
        // Without a fault the rule decides as it should, so that a fault could have been seen.
        expect([path, place, verdict.rule]).not.toEqual([path, place, "(error)"]);
      }
    }
    expect(faults).toBeGreaterThan(20);
  });

  test("what the arguments hold is data: a name that languages call is a name", () => {
    const policy = policyOf("eq", "args.x", "require");
    const names = ["toJSON", "valueOf", "toString", "then", "get", "length", "constructor", "hasOwnProperty"];
    for (const name of names) {
      const args = JSON.parse(`{"x":"${URL_TEXT}","amount":2,"${name}":{"${name}":"other"}}`) as never;
      const judged = [1, 2].map(() => evaluateCall(policy, { tool: "t", args, nowMs: 0 }).effect);
      expect([name, ...judged]).toEqual([name, "allow", "allow"]);
      const instead = JSON.parse(`{"amount":2,"x":{"${name}":"${URL_TEXT}"}}`) as never;
      expect([name, evaluateCall(policy, { tool: "t", args: instead, nowMs: 0 }).effect]).toEqual([
        name,
        "deny",
      ]);
    }
  });
});
