import { askYes, isInteractive } from "../../ask.ts";
import { maskTarget } from "../../clients/hide-secrets.ts";
import { lookAt, lookAtEach } from "../../clients/look.ts";
import type { LookAlikes } from "../../clients/look-alikes.ts";
import { packageOf } from "../../clients/package-reference.ts";
import type { Context } from "../../context.ts";
import { counted } from "../../counted.ts";
import { toPrintable } from "../../printable.ts";
import { lookAlikeFindings } from "./findings.ts";
import { type KnownPackages, openKnownPackages } from "./known-packages.ts";
import type { Learned } from "./scan-report.ts";
import { commandOf, type ScannedServer, type ScanSubject } from "./scanned-server.ts";

/**
 * The tools of each server. A command of somebody else is started, and a server on the net is asked, only where the
 * user said so; else what the catalogue on this machine knows of the package has to do, and nothing leaves it.
 */
export async function learnAll(
  context: Context,
  subject: ScanSubject,
  lookAlikes: LookAlikes,
): Promise<LearnedAll> {
  using known = openKnownPackages(context.dataDir);
  const offline = subject.servers.map((server) => [server, learnOffline(server, known)] as const);
  const isAllowed =
    subject.isNamed || context.options.flag("start") || (await mayStart(context, offline, lookAlikes));
  if (!isAllowed) return { servers: offline, mayStart: false };
  const servers = await lookAtEach(
    context.io,
    offline,
    ([{ name }]) => name,
    async ([server, before]) => [server, await learnLive(server, before)] as const,
  );
  return { servers, mayStart: true };
}

export interface LearnedAll {
  readonly servers: readonly (readonly [ScannedServer, Learned])[];
  /** Commands were started and URLs asked, as far as that went. */
  readonly mayStart: boolean;
}

function learnOffline(server: ScannedServer, known: KnownPackages): Learned {
  if (server.isGoverned) return { how: "governed" };
  const { raw } = server;
  const reference = raw?.command === undefined ? undefined : packageOf([raw.command, ...raw.args]);
  const found = reference === undefined ? undefined : known.find(reference);
  if (found !== undefined) return found;
  if (server.problem !== undefined) return unknown(server.problem);
  const isHttp = server.target?.kind === "http";
  return unknown(`it was not ${isHttp ? "asked" : "started"}; \`--start\` does`);
}

async function learnLive(server: ScannedServer, before: Learned): Promise<Learned> {
  if (server.isGoverned) return before;
  if (server.target === undefined) {
    return before.how === "unknown"
      ? { how: "unknown", reason: server.problem ?? "it cannot be started" }
      : before;
  }
  const look = await lookAt(server.name, server.target);
  if (!look.ok) return before.how === "catalogue" ? withWarning(before, look.error) : unknown(look.error);
  const how = server.target.kind === "http" ? "asked" : "started";
  return { how, tools: look.value.classified, warnings: look.value.warnings };
}

function unknown(reason: string): Learned {
  return { how: "unknown", reason };
}

function withWarning(learned: Extract<Learned, { how: "catalogue" }>, problem: string): Learned {
  return { ...learned, warnings: [...learned.warnings, `it was started, but ${problem}`] };
}

/** At a terminal the user is asked, with the very commands. */
async function mayStart(
  { io, out, json, options }: Context,
  offline: readonly (readonly [ScannedServer, Learned])[],
  lookAlikes: LookAlikes,
): Promise<boolean> {
  const waiting = offline.filter(([server, { how }]) => how === "unknown" && server.target !== undefined);
  const isForPeople = !json && (options.text("format") ?? "table") === "table";
  if (waiting.length === 0 || !isForPeople || !isInteractive(io)) return false;
  out.note(`The tools of ${counted(waiting.length, "server")} are not known. To list them would run:`);
  for (const [server] of waiting) {
    const { name, target } = server;
    const what = target === undefined ? "" : maskTarget(target);
    out.note(`  ${toPrintable(name)}: ${toPrintable(what)}`);
    for (const { message } of lookAlikeFindings(commandOf(server), lookAlikes))
      out.warn(`${name}: ${message}`);
  }
  return askYes(io, "Start them?");
}
