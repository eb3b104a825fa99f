import type { Kind } from "./condition-truth.ts";
import type { JsonValue } from "./json.ts";
import {
  type Conjuncts,
  expand,
  isSchemaObject,
  joined,
  type Level,
  listOf,
  MAX_ALTERNATIVES,
  OPEN,
  own,
  type Reader,
  type SchemaObject,
} from "./lint-schema-level.ts";
import type { Step } from "./path.ts";

/**
 * What a JSON Schema says of one path. Schemas come from servers: whatever is not understood, too large or too deep
 * says nothing, so that it never makes a warning.
 */
export interface SchemaFact {
  /** False when no value that the schema describes has the path. */
  readonly canExist: boolean;
  /** Steps of the path up to the last one that may be missing; 0 when the value is always there. */
  readonly optionalSteps: number;
  /** Kinds that the value can have; undefined when anything. */
  readonly kinds: ReadonlySet<Kind> | undefined;
  /** Values that it can have; undefined when not listed. */
  readonly values: readonly JsonValue[] | undefined;
  /** Names of the members that the value can have, as far as they are listed. */
  readonly memberNames: () => readonly string[];
}

/** Work that all look-ups of one document may do together, in schema nodes. */
export interface SchemaBudget {
  nodes: number;
}

/** Looks a path up in the schema of a tool's arguments. Never throws, never leaves the schema, ends within the budget. */
export function lookUpPath(schema: unknown, steps: readonly Step[], budget: SchemaBudget): SchemaFact {
  const reader: Reader = { root: schema, nodes: Math.min(budget.nodes, MAX_NODES) };
  budget.nodes -= reader.nodes;
  const fact = walk(schema, steps, reader);
  budget.nodes += Math.max(0, reader.nodes);
  return fact;
}

/** Most schema nodes that one look-up reads, so that one tool's schema does not use up the budget of the others. */
const MAX_NODES = 2000;

function walk(schema: unknown, steps: readonly Step[], reader: Reader): SchemaFact {
  let level: Level = expand(schema, reader, 0);
  let optionalSteps = 0;
  for (const [index, step] of steps.entries()) {
    if (level === OPEN) break;
    const next = takeStep(level, step, reader);
    if (next.level !== OPEN && next.level.length === 0) return IMPOSSIBLE;
    // What is always there below something optional is guarded by guarding that.
    if (next.isOptional) optionalSteps = index + 1;
    level = next.level;
  }
  const memberNames = () => (level === OPEN ? [] : namesOf(level));
  return { canExist: true, optionalSteps, kinds: kindsOf(level), values: valuesOf(level), memberNames };
}

const ANYTHING: readonly Conjuncts[] = [[]];
const IMPOSSIBLE: SchemaFact = {
  canExist: false,
  optionalSteps: 0,
  kinds: undefined,
  values: undefined,
  memberNames: () => [],
};

function takeStep(
  alternatives: readonly Conjuncts[],
  step: Step,
  reader: Reader,
): { level: Level; isOptional: boolean } {
  const next: Conjuncts[] = [];
  let isOptional = false;
  let isOpen = false;
  for (const conjuncts of alternatives) {
    const taken =
      step.kind === "member" ? takeMember(conjuncts, step.name, reader) : takeElement(conjuncts, step);
    isOptional ||= taken.isOptional;
    if (taken.schemas === OPEN) {
      isOpen = true;
      continue;
    }
    let level: Level = taken.schemas.length === 0 ? [] : ANYTHING;
    for (const schema of taken.schemas) level = joined(level, expand(schema, reader, 0));
    if (level === OPEN || next.length + level.length > MAX_ALTERNATIVES) isOpen = true;
    else next.push(...level);
  }
  return { level: isOpen ? OPEN : next, isOptional };
}

/** The schemas of a member or element; none when it cannot be there. */
interface Taken {
  readonly schemas: readonly unknown[] | typeof OPEN;
  readonly isOptional: boolean;
}

const ABSENT: Taken = { schemas: [], isOptional: true };

function takeMember(conjuncts: Conjuncts, name: string, reader: Reader): Taken {
  if (!canBe(conjuncts, "object")) return ABSENT;
  const isOptional = !conjuncts.some((schema) => requires(schema, name, reader));
  const schemas = conjuncts.flatMap((schema) => {
    const properties = own(schema, "properties");
    return isSchemaObject(properties) && Object.hasOwn(properties, name) ? [properties[name]] : [];
  });
  if (schemas.length > 0) return { schemas, isOptional };
  if (conjuncts.some(mayDeclareMore)) return { schemas: OPEN, isOptional: false };
  // A schema that lists properties and does not speak of others means them to be all.
  const isClosed = conjuncts.some(
    (schema) => isSchemaObject(own(schema, "properties")) || own(schema, "additionalProperties") === false,
  );
  return isClosed ? ABSENT : { schemas: OPEN, isOptional: false };
}

/** True also when the list is too long to be read: then nothing is said of the name. */
function requires(schema: SchemaObject, name: string, reader: Reader): boolean {
  const required = listOf(schema, "required");
  reader.nodes -= Math.ceil(required.length / 100);
  return reader.nodes < 0 || required.includes(name);
}

function takeElement(conjuncts: Conjuncts, step: Exclude<Step, { kind: "member" }>): Taken {
  const isEvery = step.kind === "every";
  const canHold = canBe(conjuncts, "array") || (isEvery && canBe(conjuncts, "object"));
  if (!canHold) return ABSENT;
  const unread = ["prefixItems", "if", "dependentSchemas", "unevaluatedItems"];
  const isPlain = !conjuncts.some((schema) => unread.some((key) => Object.hasOwn(schema, key)));
  const items = conjuncts.flatMap((schema) => {
    const one = own(schema, "items");
    return isSchemaObject(one) ? [one] : [];
  });
  // C6: `[*]` reads the members of objects as well.
  const isArray = !canBe(conjuncts, "object");
  const isLong = step.kind === "element" && conjuncts.some((schema) => minItems(schema) > step.index);
  const isOptional = !isEvery && !isLong;
  return isPlain && isArray && items.length > 0
    ? { schemas: items, isOptional }
    : { schemas: OPEN, isOptional };
}

function minItems(schema: SchemaObject): number {
  const least = own(schema, "minItems");
  return typeof least === "number" ? least : 0;
}

/** Keywords by which members are described elsewhere than in `properties`. */
function mayDeclareMore(schema: SchemaObject): boolean {
  const additional = own(schema, "additionalProperties");
  return (
    additional === true ||
    isSchemaObject(additional) ||
    ["patternProperties", "if", "dependentSchemas", "unevaluatedProperties", "$dynamicRef"].some((key) =>
      Object.hasOwn(schema, key),
    )
  );
}

function canBe(conjuncts: Conjuncts, kind: Kind): boolean {
  return conjunctKinds(conjuncts)?.has(kind) ?? true;
}

function kindsOf(level: Level): ReadonlySet<Kind> | undefined {
  if (level === OPEN) return undefined;
  const all = new Set<Kind>();
  for (const conjuncts of level) {
    const kinds = conjunctKinds(conjuncts);
    if (kinds === undefined) return undefined;
    for (const kind of kinds) all.add(kind);
  }
  return all;
}

/** What every `type` allows; undefined without one that can be read. */
function conjunctKinds(conjuncts: Conjuncts): ReadonlySet<Kind> | undefined {
  let kinds: ReadonlySet<Kind> | undefined;
  for (const schema of conjuncts) {
    const type = own(schema, "type");
    const names: readonly unknown[] = Array.isArray(type) ? type : [type];
    if (names.length > KINDS.size) continue;
    const read = names.map((name) => (typeof name === "string" ? KINDS.get(name) : undefined));
    const known = new Set(read.filter((kind) => kind !== undefined));
    if (known.size === 0 || read.includes(undefined)) continue;
    kinds = new Set([...known].filter((kind) => kinds === undefined || kinds.has(kind)));
  }
  return kinds;
}

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["string", "string"],
  ["number", "number"],
  ["integer", "number"],
  ["boolean", "boolean"],
  ["array", "array"],
  ["object", "object"],
  ["null", "null"],
]);

/** Longest `enum` that is read. */
const MAX_VALUES = 1000;

/** What `enum` or `const` lists, over all alternatives. */
function valuesOf(level: Level): readonly JsonValue[] | undefined {
  if (level === OPEN) return undefined;
  const all: JsonValue[] = [];
  for (const conjuncts of level) {
    const lists = conjuncts.flatMap((schema) => {
      if (Object.hasOwn(schema, "const")) return [[schema["const"]]];
      return Array.isArray(own(schema, "enum")) ? [listOf(schema, "enum")] : [];
    });
    const [list] = lists;
    if (list === undefined || all.length + list.length > MAX_VALUES) return undefined;
    all.push(...list.filter(isScalar));
  }
  return all;
}

function namesOf(alternatives: readonly Conjuncts[]): readonly string[] {
  return alternatives.flat().flatMap((schema) => {
    const properties = own(schema, "properties");
    return isSchemaObject(properties) ? firstKeys(properties) : [];
  });
}

/** The names of an object, listed once: a large one is asked for them at every warning. */
function firstKeys(properties: SchemaObject): readonly string[] {
  const known = FIRST_KEYS.get(properties);
  if (known !== undefined) return known;
  const keys = Object.keys(properties).slice(0, MAX_VALUES);
  FIRST_KEYS.set(properties, keys);
  return keys;
}
const FIRST_KEYS = new WeakMap<SchemaObject, readonly string[]>();

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
