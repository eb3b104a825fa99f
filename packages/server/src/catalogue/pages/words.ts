import type {
  AttackNeeds,
  Capability,
  Category,
  EvidenceSource,
  Modifier,
  Risk,
} from "@portcullis/catalogue";
import type { Method } from "../reader.ts";

/** What each category means, after "a tool that". */
export const MEANING: { readonly [C in Category]: string } = {
  Read: "retrieves, and changes nothing",
  Write: "creates or changes data in a way that can be undone",
  Execute: "runs something whose effect depends on the arguments",
  Destructive: "deletes or revokes for good",
  Financial: "moves or commits money",
};

export const RISK_TEXT: { readonly [R in Risk]: string } = {
  low: "Read tools. They change nothing, but what they return may be private, or may carry instructions for the agent.",
  medium: "Write tools. A mistake can be undone; a thousand of them take a while, so calls are capped.",
  high: "Execute tools. What happens depends on the arguments, so calls are capped and arguments are worth a rule.",
  critical:
    "Destructive and Financial tools. What is deleted or paid is gone: hide them, or let a person decide.",
};

export const METHOD_TEXT: { readonly [M in Method]: string } = {
  live: "Asked the running server",
  introspected: "Installed the package, started it without credentials and asked it",
  registry: "Read from the registry",
  source: "Read from the source code",
};

export const MODIFIER_TEXT: { readonly [M in Modifier]: string } = {
  "arbitrary-code": "Runs code that the agent writes",
  "arbitrary-sql": "Runs SQL that the agent writes",
  bulk: "Reaches many things in one call",
  irreversible: "Cannot be undone",
  "external-recipient": "Reaches people outside",
  "grants-access": "Gives somebody access",
  "secret-input": "Takes a secret as an argument",
  "path-input": "Takes a file path",
  "url-input": "Takes an address",
};

export const SOURCE_TEXT: { readonly [S in EvidenceSource]: string } = {
  name: "its name",
  title: "its title",
  description: "its description",
  schema: "its parameters",
  annotation: "its annotations",
  server: "the server's name",
  siblings: "the tools beside it",
};

export const CAPABILITY_TEXT: { readonly [C in Capability]: string } = {
  readsPrivate: "Reads private data",
  readsUntrusted: "Reads what strangers write",
  readsSecrets: "Reads credentials",
  sendsOut: "Sends out",
  executes: "Runs code",
  destroys: "Deletes",
  movesMoney: "Moves money",
};

export const ARGUMENT_TEXT: { readonly [K in NonNullable<AttackNeeds["arguments"]>[number]]: string } = {
  path: "Takes a file path",
  url: "Takes a web address",
  sql: "Takes SQL",
  recipient: "Takes a recipient",
  amount: "Takes an amount",
  command: "Takes a command",
};
