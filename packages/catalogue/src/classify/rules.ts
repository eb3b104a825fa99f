import type { Category, Modifier } from "../verdict.ts";

/** Changes with every change of rules or lexicon that may change a verdict. */
export const RULES_VERSION = "3";

/** One rule: what it looks at, and what it says for. */
export interface Rule {
  readonly says: Category | Modifier | "any";
  /** One line for people; docs/classifier.md lists the same. */
  readonly meaning: string;
}

/** Every rule that can stand in the evidence of a verdict. */
export const RULES = {
  "verb.read": { says: "Read", meaning: "a verb that retrieves or computes: get, list, search, validate" },
  "verb.write": {
    says: "Write",
    meaning: "a verb that creates or changes and can be undone: create, update, send, archive",
  },
  "verb.produce": {
    says: "Write",
    meaning: "a verb that makes something new out of its input: generate, render",
  },
  "verb.execute": {
    says: "Execute",
    meaning: "a verb whose effect depends on what it runs: run, deploy, restart, invoke",
  },
  "verb.delete": {
    says: "Destructive",
    meaning: "a verb that deletes or revokes: delete, purge, uninstall, cancel",
  },
  "verb.pay": {
    says: "Financial",
    meaning: "a verb that moves or commits money: pay, refund, buy, withdraw",
  },
  "object.money": {
    says: "Financial",
    meaning: "acting on money: send funds, capture a payment, sign a transaction on a chain",
  },
  "object.bill": {
    says: "Financial",
    meaning: "asking for money: create or send an invoice, a charge, a checkout",
  },
  "object.order": { says: "Financial", meaning: "placing or changing an order, trade or position" },
  "object.money-undo": {
    says: "Destructive",
    meaning: "cancelling or deleting a payment, subscription or order",
  },
  "object.phone": { says: "Execute", meaning: "telephone calls and text messages" },
  "object.browser": { says: "Execute", meaning: "steering a browser: navigate, open, reload" },
  "object.page": { says: "Write", meaning: "acting on a page: click, type, select, upload, close" },
  "object.screenshot": { says: "Read", meaning: "taking a picture of the screen" },
  "object.code": { says: "Execute", meaning: "running a script, a program or a command" },
  "object.sql": { says: "Execute", meaning: "running a query or a statement against a database" },
  "object.request": { says: "Execute", meaning: "sending a request of any kind to a server" },
  "object.question": { says: "Read", meaning: "running something that only answers: a search, a lookup" },
  "object.grant": { says: "Write", meaning: "giving somebody access" },
  "object.revoke": {
    says: "Destructive",
    meaning: "taking access away: revoke a token, remove a permission",
  },
  "object.work": { says: "Execute", meaning: "cancelling work under way: a job, a build, a run" },
  "object.setting": { says: "Write", meaning: "clearing or resetting what is only a setting or a view" },
  "object.state": {
    says: "Write",
    meaning:
      "a reading verb that sets something here: track an event, load into, select an account, show a dialog",
  },
  "object.git": { says: "Write", meaning: "version control: checkout, fetch, stash change the working copy" },
  "noun.read": {
    says: "Read",
    meaning: "a name without a verb that ends in what is asked for: status, info, list",
  },
  "noun.run": {
    says: "Execute",
    meaning: "a name without a verb that is a way to run things: shell, javascript",
  },
  "name.several": { says: "any", meaning: "a name with several verbs: the gravest counts" },
  "text.several": { says: "any", meaning: "a sentence with several verbs: the gravest counts" },
  "text.operations": { says: "any", meaning: "a description that lists its operations: the gravest counts" },
  "text.later": {
    says: "any",
    meaning:
      "a later sentence about the tool itself that deletes or pays; in a list of its deeds, any change",
  },
  "text.saves": {
    says: "Write",
    meaning: "a sentence that says that what was found is kept: saved to a file, marked",
  },
  "verb.download": {
    says: "Write",
    meaning: "downloading, where the description does not say that the content is returned",
  },
  "text.read-only": {
    says: "Read",
    meaning: "a description that claims to change nothing; never against name or schema",
  },
  "schema.operations": {
    says: "any",
    meaning: "an argument that chooses the operation: the gravest of its values counts",
  },
  "schema.http-method": { says: "Execute", meaning: "an argument that chooses the HTTP method of a request" },
  "schema.code": { says: "Execute", meaning: "an argument that is code to run" },
  "schema.command": { says: "Execute", meaning: "an argument that is a command to run" },
  "schema.sql": { says: "Execute", meaning: "an argument that is a statement for a database" },
  "schema.content": { says: "Write", meaning: "arguments that say what to write where" },
  "schema.output": {
    says: "Write",
    meaning: "an argument that says where to write: any path, or a file that must be named",
  },
  "schema.switch": {
    says: "Write",
    meaning: "a switch for a change beside the rest: save, mark_as_read, overwrite",
  },
  "schema.safety": {
    says: "Write",
    meaning: "arguments such as dry_run, force or confirm, which only a change needs",
  },
  "annotation.read-only": { says: "Read", meaning: "readOnlyHint, where name and schema agree" },
  "annotation.changes": { says: "Write", meaning: "readOnlyHint false or destructiveHint true" },
  "text.disguised": { says: "Write", meaning: "invisible characters or foreign look-alikes within words" },
  unknown: { says: "Write", meaning: "nothing that we know: never Read" },
  "modifier.code": { says: "arbitrary-code", meaning: "runs code or commands from its arguments" },
  "modifier.sql": { says: "arbitrary-sql", meaning: "runs SQL from its arguments" },
  "modifier.bulk": { says: "bulk", meaning: "acts on many things at once" },
  "modifier.irreversible": { says: "irreversible", meaning: "says that there is no way back" },
  "modifier.recipient": { says: "external-recipient", meaning: "an argument names who receives something" },
  "modifier.access": { says: "grants-access", meaning: "gives somebody access" },
  "modifier.secret": { says: "secret-input", meaning: "an argument is a secret" },
  "modifier.path": { says: "path-input", meaning: "an argument is a path in a file system" },
  "modifier.url": { says: "url-input", meaning: "an argument is a URL" },
} as const satisfies { readonly [id: string]: Rule };

export type RuleId = keyof typeof RULES;
