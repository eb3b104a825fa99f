/**
 * A small JSON value that still fails: members and elements are left out one at a time, until none can be.
 * `fails` must be false for values that make no sense.
 */
export function shrink<T>(value: T, fails: (candidate: T) => boolean): T {
  let smallest = value;
  for (let before = ""; before !== JSON.stringify(smallest); ) {
    before = JSON.stringify(smallest);
    // Candidates have the shape of `value` up to missing parts, which `fails` has to judge.
    smallest = shrinkOnce(smallest, (candidate) => fails(candidate as T)) as T;
  }
  return smallest;
}

type Fails = (candidate: unknown) => boolean;

/** One walk over all parts; what cannot be left out is made smaller itself. */
function shrinkOnce(value: unknown, fails: Fails): unknown {
  if (typeof value !== "object" || value === null) return value;
  const isArray = Array.isArray(value);
  const build = (members: readonly [string, unknown][]): unknown =>
    isArray ? members.map(([, each]) => each) : Object.fromEntries(members);
  let members: [string, unknown][] = Object.entries(value);
  for (let at = members.length - 1; at >= 0; at -= 1) {
    const without = members.toSpliced(at, 1);
    if (fails(build(without))) {
      members = without;
      continue;
    }
    const [name, each] = members[at] ?? ["", undefined];
    const replaced = (part: unknown): [string, unknown][] => members.with(at, [name, part]);
    members = replaced(shrinkOnce(each, (part) => fails(build(replaced(part)))));
  }
  return build(members);
}
