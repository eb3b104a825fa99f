import type { ExpectedFailure } from "./expected-failures.ts";
import type { Check, Outcome } from "./official-suite.ts";
import type { Pair } from "./pair.ts";

type Status = Check["status"];

/** One check that fails the gate: it differs, or is required and not green through the gateway. */
export interface Finding {
  readonly scenario: string;
  readonly check: string;
  /** Undefined where the check was not made. */
  readonly direct: Status | undefined;
  readonly gateway: Status | undefined;
  readonly message: string | undefined;
}

/** Everything that fails the gate, in the suite's order. */
export function compare(pair: Pair): readonly Finding[] {
  const scenarios = new Set([...pair.direct.keys(), ...pair.gateway.keys(), ...pair.required]);
  return [...scenarios].flatMap((scenario) => compareScenario(pair, scenario));
}

function compareScenario(pair: Pair, scenario: string): readonly Finding[] {
  const direct = keyed(pair, pair.direct.get(scenario) ?? []);
  const gateway = keyed(pair, pair.gateway.get(scenario) ?? []);
  const isRequired = pair.required.has(scenario);
  if (isRequired && gateway.size === 0) {
    const message = "the scenario is required and was not run";
    return [{ scenario, check: "", direct: undefined, gateway: undefined, message }];
  }
  const keys = new Set([...direct.keys(), ...gateway.keys()]);
  return [...keys].flatMap((check) => {
    const before = direct.get(check)?.status;
    const found = gateway.get(check);
    const isGreen = found !== undefined && found.status !== "FAILURE" && found.status !== "WARNING";
    if (before === found?.status && (isGreen || !isRequired)) return [];
    const message = found?.errorMessage ?? direct.get(check)?.errorMessage;
    return [{ scenario, check, direct: before, gateway: found?.status, message }];
  });
}

/**
 * The checks of one scenario by what they are about. A server is compared check by check. A client's checks repeat
 * with every request that the suite's server gets, and the gateway asks some of its own (which era, which tools),
 * so of each the worst counts.
 */
function keyed({ place }: Pair, checks: readonly Check[]): ReadonlyMap<string, Check> {
  const byKey = new Map<string, Check>();
  for (const check of checks) {
    const name = check.name === check.id ? check.id : `${check.id} (${check.name})`;
    if (place.startsWith("before")) {
      let key = name;
      for (let nth = 2; byKey.has(key); nth += 1) key = `${name} #${nth}`;
      byKey.set(key, check);
    } else {
      const worst = byKey.get(name);
      if (worst === undefined || RANK[check.status] > RANK[worst.status]) byKey.set(name, check);
    }
  }
  return byKey;
}

const RANK: { readonly [status in Status]: number } = {
  SKIPPED: 0,
  INFO: 1,
  SUCCESS: 2,
  WARNING: 3,
  FAILURE: 4,
};

/** Splits what was found into what nobody expected and what the list says; the rest of the list is stale. */
export function judge(
  compared: readonly { readonly pair: Pair; readonly findings: readonly Finding[] }[],
  expected: readonly ExpectedFailure[],
): { readonly unexpected: readonly string[]; readonly stale: readonly string[] } {
  const used = new Set<ExpectedFailure>();
  const unexpected = compared.flatMap(({ pair, findings }) =>
    findings.flatMap((finding) => {
      const known = expected.find((entry) => isAbout(entry, pair, finding));
      if (known === undefined) return [described(pair, finding)];
      used.add(known);
      return [];
    }),
  );
  const places = new Set(compared.map(({ pair }) => `${pair.place} ${pair.revision}`));
  const stale = expected
    .filter((entry) => places.has(`${entry.place} ${entry.revision}`) && !used.has(entry))
    .map(({ place, revision, scenario, check }) => `${place}, ${revision}: ${scenario} ${check} passes now`);
  return { unexpected, stale };
}

function isAbout(entry: ExpectedFailure, pair: Pair, finding: Finding): boolean {
  return (
    entry.place === pair.place &&
    entry.revision === pair.revision &&
    entry.scenario === finding.scenario &&
    entry.check === finding.check
  );
}

function described({ place, revision }: Pair, finding: Finding): string {
  const { scenario, check, direct = "not made", gateway = "not made", message } = finding;
  const because = message === undefined ? "" : `: ${message}`;
  return `${place}, ${revision}: ${scenario} ${check}: ${direct} direct, ${gateway} through the gateway${because}`;
}

/** How many checks passed of those that could fail: of the required scenarios, and of the others. */
export function tally(outcome: Outcome, required: ReadonlySet<string>): { required: string; others: string } {
  const count = (isCounted: (scenario: string) => boolean): string => {
    const checks = [...outcome].flatMap(([scenario, made]) => (isCounted(scenario) ? made : []));
    const passed = checks.filter(({ status }) => status === "SUCCESS").length;
    const failed = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING").length;
    return passed + failed === 0 ? "" : `${passed} of ${passed + failed}`;
  };
  return {
    required: count((scenario) => required.has(scenario)),
    others: count((scenario) => !required.has(scenario)),
  };
}
