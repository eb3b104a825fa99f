import { type Entry, isGlob } from "@portcullis/policy";
import { counted } from "./plain-text.ts";

/** What a document says of one tool. */
export interface Treatment {
  readonly name: string;
  readonly entry: Entry | undefined;
  readonly isHidden: boolean;
}

/** One sentence for people: what the document does with calls of the tool. Read from the entry itself. */
export function effectOf({ name, entry, isHidden }: Treatment): string {
  if (isHidden) return "Not shown to agents, and refused when it is called by its name.";
  if (entry === undefined) return leftOut(name);
  if (entry.action === "deny") return "Shown to agents, but every call is refused.";
  const rules = (entry.require?.length ?? 0) + (entry.deny_if?.length ?? 0);
  const checked =
    rules === 0
      ? ""
      : `; ${counted(rules, "rule")} on the arguments ${rules === 1 ? "refuses" : "refuse"} what should not be asked`;
  if (entry.action === "require_approval") return `${HELD}${checked}.`;
  return `${usable(entry)}${checked}.`;
}

/** gateway: a hold that nobody can decide is refused (`wire.ts`). */
const HELD =
  "Every call needs a person's approval; until this gateway has approvals, every call is refused and nothing runs";

function usable({ limits = [], rate_limit: short }: Entry): string {
  const max =
    short?.max ??
    limits.find(({ increment_from: from, window }) => from === undefined && window === "minute")?.max;
  return max === undefined
    ? "Stays allowed, as often as the agent likes"
    : `Stays usable, at most ${max} times in each minute of the clock for each grant`;
}

function leftOut(name: string): string {
  const why = isGlob(name)
    ? ", because a name with `*` is read as a pattern and no entry can mean this tool alone"
    : "";
  return `Left out of the policy${why}: not shown to agents, and every call is refused.`;
}
