/**
 * Handles that upstream servers give out and clients bring back: cursors, task ids, `requestState`. Each is sealed
 * to the grant and the server, so that possession is never authority (threats 52 and 53).
 */
import { randomBytes } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "@portcullis/policy";
import { RELATED_TASK_META } from "../mcp/revisions.ts";
import type { Access } from "./call.ts";
import type { Keys } from "./ports.ts";

/** A sealed `requestState` is good for this long; a person may be answering. */
export const REQUEST_STATE_TTL_MS = 15 * 60_000;
/** Spent states are remembered until they would have expired; so many retries of one grant at one server, and no more. */
export const MAX_SPENT_STATES = 50_000;

/** Binds a handle to its owner. The grant's id survives a token's rotation. */
function owner(access: Access): string {
  return `${access.grant.id} ${access.server.id}`;
}

export function sealCursor(keys: Keys, access: Access, method: string, cursor: string): string {
  return keys.seal("cursor", `${owner(access)} ${method}`, cursor);
}

/** The upstream's cursor, or undefined when it was not given to this grant for this list. */
export function unsealCursor(keys: Keys, access: Access, method: string, sealed: string): string | undefined {
  return keys.unseal("cursor", `${owner(access)} ${method}`, sealed);
}

/** A task and the tool that made it: `tasks/*` follow that tool (policy-spec R7). */
export interface TaskHandle {
  readonly tool: string;
  readonly taskId: string;
}

/** The same task always gets the same text, so that clients can compare ids. */
export function sealTask(keys: Keys, access: Access, task: TaskHandle): string {
  return keys.seal("task", owner(access), JSON.stringify([task.tool, task.taskId]));
}

export function unsealTask(keys: Keys, access: Access, sealed: string): TaskHandle | undefined {
  const plain = keys.unseal("task", owner(access), sealed);
  if (plain === undefined) return undefined;
  const parsed: unknown = JSON.parse(plain);
  if (!Array.isArray(parsed)) return undefined;
  const [tool, taskId] = parsed as unknown[];
  return typeof tool === "string" && typeof taskId === "string" ? { tool, taskId } : undefined;
}

/**
 * A client's result, or the parameters of its notification, with the server's own id of the task that it belongs
 * to; undefined when it names none.
 */
export function withOpenRelatedTask(keys: Keys, access: Access, holder: JsonObject): JsonObject | undefined {
  const meta = holder["_meta"];
  const related = isJsonObject(meta) ? meta[RELATED_TASK_META] : undefined;
  const sealed = isJsonObject(related) ? related["taskId"] : undefined;
  const task = typeof sealed === "string" ? unsealTask(keys, access, sealed) : undefined;
  if (!isJsonObject(meta) || !isJsonObject(related) || task === undefined) return undefined;
  const opened = withMembers(related, { taskId: task.taskId });
  return withMembers(holder, { _meta: withMembers(meta, { [RELATED_TASK_META]: opened }) });
}

/** Which tool made a task of which grant, for answers that name tasks without their tool. */
export class TaskOwners {
  readonly #tools = new Map<string, string>();
  static readonly #MAX = 100_000;

  note(access: Access, task: TaskHandle): void {
    const key = `${owner(access)} ${task.taskId}`;
    this.#tools.delete(key);
    this.#tools.set(key, task.tool);
    if (this.#tools.size > TaskOwners.#MAX) {
      const oldest = this.#tools.keys().next();
      if (oldest.done === false) this.#tools.delete(oldest.value);
    }
  }

  toolOf(access: Access, taskId: string): string | undefined {
    return this.#tools.get(`${owner(access)} ${taskId}`);
  }
}

/** A sealed `requestState` that was opened, and is good until it is spent. */
export interface OpenState {
  /** The upstream's own state; undefined when it sent none. */
  readonly inner: string | undefined;
  readonly nonce: string;
  readonly expiresMs: number;
  /** The grant and the server that it was sealed for. */
  readonly owner: string;
}

/**
 * Seals and opens `requestState`; each is spent once (policy-spec L6: *its one retry*). Times are of the monotonic clock:
 * what is spent is forgotten when it expires, and a wall clock that is set back would make it good again.
 */
export class RequestStates {
  /** By nonce, oldest first. */
  readonly #spent = new Map<string, OpenState>();
  /** How many of the spent ones are each owner's. */
  readonly #counts = new Map<string, number>();
  readonly #keys: Keys;
  /** What is spent is known to this process alone, so a state is good in the process that sealed it (threat 53). */
  readonly #process: string;

  /** `process` names the process, and is another one after each start. */
  constructor(keys: Keys, process = randomBytes(12).toString("base64url")) {
    this.#keys = keys;
    this.#process = process;
  }

  /** `digest` stands for the method and its arguments: a state is good for the same request only. */
  seal(access: Access, digest: string, inner: string | undefined, nowMs: number, nonce: string): string {
    const plain = JSON.stringify({ i: inner ?? null, n: nonce, x: nowMs + REQUEST_STATE_TTL_MS });
    return this.#keys.seal("request-state", this.#place(access, digest), plain);
  }

  /** Opens without spending. Undefined: not ours, someone else's, for another request, expired, or spent. */
  open(access: Access, digest: string, sealed: string, nowMs: number): OpenState | undefined {
    const plain = this.#keys.unseal("request-state", this.#place(access, digest), sealed);
    if (plain === undefined) return undefined;
    const parsed: unknown = JSON.parse(plain);
    if (!isJsonObject(parsed)) return undefined;
    const { i, n, x } = parsed;
    if (typeof n !== "string" || typeof x !== "number" || x <= nowMs || this.#spent.has(n)) return undefined;
    return { inner: typeof i === "string" ? i : undefined, nonce: n, expiresMs: x, owner: owner(access) };
  }

  /**
   * False when it was spent meanwhile or has expired, and where its owner has spent too many to remember one more:
   * what is forgotten would be good again.
   */
  spend(state: OpenState, nowMs: number): boolean {
    for (const old of this.#spent.values()) {
      if (old.expiresMs > nowMs) break;
      this.giveBack(old);
    }
    const count = this.#counts.get(state.owner) ?? 0;
    if (state.expiresMs <= nowMs || count >= MAX_SPENT_STATES || this.#spent.has(state.nonce)) return false;
    this.#spent.set(state.nonce, state);
    this.#counts.set(state.owner, count + 1);
    return true;
  }

  /** Nothing was sent with it: it is good again, as long as it would have been. */
  giveBack({ nonce, owner }: OpenState): void {
    if (!this.#spent.delete(nonce)) return;
    const count = (this.#counts.get(owner) ?? 0) - 1;
    if (count > 0) this.#counts.set(owner, count);
    else this.#counts.delete(owner);
  }

  #place(access: Access, digest: string): string {
    return `${owner(access)} ${digest} ${this.#process}`;
  }
}

/** A copy of `params` with members replaced; undefined removes one. */
export function withMembers(
  params: JsonObject,
  changes: { readonly [name: string]: JsonValue | undefined },
): JsonObject {
  const copy: { [name: string]: JsonValue } = { ...params };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete copy[name];
    else copy[name] = value;
  }
  return copy;
}
