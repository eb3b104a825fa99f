import fc from "fast-check";
import { expect, test } from "vitest";
import { type Member, NOWHERE, Roster } from "../../src/call/roster.ts";

test("a roster holds each member once, whoever comes and goes (as a set does)", () => {
  const step = fc.record({ isComing: fc.boolean(), who: fc.nat(7) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const members: Member[] = Array.from({ length: 8 }, () => ({ place: NOWHERE }));
      const roster = new Roster();
      const model = new Set<Member>();
      for (const { isComing, who } of steps) {
        const member = members[who] ?? { place: NOWHERE };
        if (isComing) roster.add(member);
        else roster.delete(member);
        if (isComing) model.add(member);
        else model.delete(member);
        const places = roster.list().map(({ place }) => place);
        expect([roster.size, new Set(roster.list())]).toEqual([model.size, model]);
        expect(places).toEqual([...places.keys()]);
        expect(members.filter((one) => one.place !== NOWHERE).length).toBe(model.size);
      }
    }),
  );
});

test("a list that was asked for stays as it was", () => {
  const roster = new Roster();
  const member = { place: NOWHERE };
  roster.add(member);
  const before = roster.list();
  roster.delete(member);
  roster.delete(member);
  expect([before, roster.list()]).toEqual([[member], []]);
});
