import { createReadStream, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import type { Random } from "../../packages/policy/test/reference/random.ts";

/** System calls that change a file or wait for the disk; everything else cannot be lost. */
export const STRACE = [
  "strace",
  "-f",
  "-qq",
  "-y",
  "-xx",
  "-s",
  "1000000",
  "-e",
  "trace=pwrite64,write,ftruncate,fdatasync,fsync",
];

type Change =
  | { readonly kind: "write"; readonly offset: number | undefined; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly size: number };

interface Event {
  readonly file: string;
  readonly change: Change | undefined;
  /** A wait for the disk that ended: how, and which changes came before it began. */
  readonly wait: { readonly before: number; readonly isKept: boolean } | undefined;
}

/** Everything that a process wrote into some files, in order, and when it waited for the disk. */
export class TracedDisk {
  readonly #events: Event[] = [];

  private constructor() {}

  /** Reads a trace of {@link STRACE}. Only files of these names are kept. */
  static async read(trace: string, names: readonly string[]): Promise<TracedDisk> {
    const disk = new TracedDisk();
    /** Waits of threads that are not over: where they began. */
    const waiting = new Map<string, { readonly file: string; readonly from: number }>();
    for await (const line of createInterface({ input: createReadStream(trace) })) {
      const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
      const resumed = /^<\.\.\. (fdatasync|fsync) resumed>.*= (-?\d+)/.exec(rest);
      const begun = waiting.get(thread);
      if (resumed !== null && begun !== undefined) {
        waiting.delete(thread);
        disk.#wait(begun.file, begun.from, resumed[2] === "0");
        continue;
      }
      const [, call = "", path = "", args = ""] = /^(\w+)\(\d+<([^>]*)>(.*)$/.exec(rest) ?? [];
      const file = basename(unhex(path).toString());
      if (!names.includes(file)) continue;
      if (call !== "fdatasync" && call !== "fsync")
        disk.#events.push({ file, change: changeOf(call, args), wait: undefined });
      else if (args.includes("unfinished")) waiting.set(thread, { file, from: disk.length });
      else disk.#wait(file, disk.length, args.endsWith("= 0"));
    }
    return disk;
  }

  get length(): number {
    return this.#events.length;
  }

  /**
   * What is on the disk when the power goes after `at` events: all that was waited for, and of the rest what chance
   * wrote; a change of a file stays whole or not at all. What a failed wait was for is lost, though a later one
   * succeeds: so systems do. Written into `folder`.
   */
  cut(at: number, random: Random, folder: string): void {
    const luck = random.pick([0, 1, 2]);
    const contents = new Map<string, Content>();
    const fates = this.#fatesAt(at);
    for (const [index, { file, change }] of this.#events.slice(0, at).entries()) {
      const fate = fates[index];
      const isKept = fate === "kept" || (fate === "pending" && random.below(2) < luck);
      if (change === undefined || !isKept) continue;
      const content = contents.get(file) ?? { bytes: Buffer.alloc(0), length: 0 };
      contents.set(file, content);
      apply(content, change);
    }
    for (const [file, { bytes, length }] of contents)
      writeFileSync(join(folder, file), bytes.subarray(0, length));
  }

  #fatesAt(at: number): readonly Fate[] {
    const fates: Fate[] = Array.from({ length: at }, () => "pending");
    const pending = new Map<string, number[]>();
    for (const [index, { file, change, wait }] of this.#events.slice(0, at).entries()) {
      const waiting = pending.get(file) ?? [];
      if (change !== undefined) {
        waiting.push(index);
        pending.set(file, waiting);
      }
      if (wait === undefined) continue;
      for (const one of waiting) if (one < wait.before) fates[one] = wait.isKept ? "kept" : "lost";
      pending.set(
        file,
        waiting.filter((one) => one >= wait.before),
      );
    }
    return fates;
  }

  #wait(file: string, before: number, isKept: boolean): void {
    this.#events.push({ file, change: undefined, wait: { before, isKept } });
  }
}

type Fate = "pending" | "kept" | "lost";

/** A file in memory, with room to grow. */
interface Content {
  bytes: Buffer;
  length: number;
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

function changeOf(call: string, args: string): Change {
  if (call === "ftruncate") return { kind: "truncate", size: Number(/^, (\d+)/.exec(args)?.[1]) };
  const [, hex = "", offset] = /^, "((?:\\x[0-9a-f]{2})*)", \d+(?:, (\d+))?/.exec(args) ?? [];
  const bytes = unhex(hex);
  return { kind: "write", bytes, offset: offset === undefined ? undefined : Number(offset) };
}

function apply(content: Content, change: Change): void {
  if (change.kind === "truncate") {
    content.bytes.fill(0, Math.min(change.size, content.length));
    resize(content, change.size);
    return;
  }
  // What is appended goes to the end, wherever that is.
  const offset = change.offset ?? content.length;
  resize(content, Math.max(content.length, offset + change.bytes.length));
  change.bytes.copy(content.bytes, offset);
}

function resize(content: Content, length: number): void {
  if (length > content.bytes.length) {
    const grown = Buffer.alloc(2 * length);
    content.bytes.copy(grown);
    content.bytes = grown;
  }
  content.length = length;
}
