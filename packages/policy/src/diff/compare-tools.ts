import type { PolicyDocument } from "../document.ts";
import type { RuleChange } from "./compare-rules.ts";
import { compareStandings } from "./compare-standings.ts";
import type { PolicyChange } from "./policy-change.ts";
import { findRegions, type Governor, type Region } from "./regions.ts";
import { HIDDEN, type Standing, standingByDefault, standingOfEntry } from "./standing.ts";

/** What changes for tools; `tools` are those of the server, which the changes then name. */
export function compareTools(
  before: PolicyDocument,
  after: PolicyDocument,
  tools: readonly string[] | undefined,
): readonly PolicyChange[] {
  const { regions, isComplete } = findRegions(before, after, tools ?? []);
  const [oldOf, nowOf] = [standings(before), standings(after)];
  const compared = regions.map((region): Compared => {
    const [old, now] = [oldOf(region.before), nowOf(region.after)];
    const isGoverned = old.kind === "governed" && now.kind === "governed";
    return { region, isGoverned, changes: compareStandings(old, now) };
  });
  const changes = gather(compared).map(({ subject, change: { isGeneral, ...said }, names }): PolicyChange => {
    return { subject, ...said, ...(tools === undefined ? {} : { tools: names }) };
  });
  return isComplete ? changes : [...changes, INCOMPLETE];
}

/** Whoever reads it must not take silence for proof. */
const INCOMPLETE: PolicyChange = {
  subject: { kind: "all_tools" },
  kind: "condition",
  access: "both",
  text: "too many patterns overlap to compare every name that several of them match",
};

interface Compared {
  readonly region: Region;
  /** True when both documents judge its calls by rules. */
  readonly isGoverned: boolean;
  readonly changes: readonly RuleChange[];
}

interface Gathered {
  readonly subject: PolicyChange["subject"];
  readonly change: RuleChange;
  readonly names: readonly string[];
}

/** Says once what `all_tools` changes for every tool alike. */
function gather(compared: readonly Compared[]): readonly Gathered[] {
  const governed = compared.filter(({ isGoverned }) => isGoverned);
  const places = Map.groupBy(
    governed.flatMap(({ region, changes }) =>
      changes.filter(({ isGeneral }) => isGeneral).map((change) => ({ region, change })),
    ),
    ({ change }) => JSON.stringify(change),
  );
  const shared = [...places].filter(([, found]) => found.length === governed.length);
  const keys = new Set(shared.map(([key]) => key));
  return [
    ...shared.flatMap(([, found]) =>
      found.slice(0, 1).map(({ change }): Gathered => {
        const names = found.flatMap(({ region }) => region.tools);
        return { subject: { kind: "all_tools" }, change, names };
      }),
    ),
    ...compared.flatMap(({ region: { subject, tools }, changes }) =>
      changes
        .filter((change) => !change.isGeneral || !keys.has(JSON.stringify(change)))
        .map((change): Gathered => ({ subject, change, names: tools })),
    ),
  ];
}

function standings(document: PolicyDocument): (governor: Governor) => Standing {
  const byDefault = standingByDefault(document);
  const byKey = new Map(
    Object.entries(document.tools ?? {}).map(([key, entry]) => [key, standingOfEntry(document, key, entry)]),
  );
  return (governor) => {
    if (governor.kind === "hidden") return HIDDEN;
    // INVARIANT: a governing key is one of `tools`.
    return (governor.kind === "entry" ? byKey.get(governor.key) : undefined) ?? byDefault;
  };
}
