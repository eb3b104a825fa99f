import { err, isJsonObject, type JsonObject, type JsonValue, ok, own, type Result } from "@portcullis/policy";
import type { UpstreamFailure, Upstreams } from "../call/ports.ts";
import type { Era, Server } from "../call/records.ts";
import {
  HEADER_MISMATCH,
  LEGACY_VERSIONS,
  MISSING_CAPABILITY,
  MODERN_VERSION,
  UNSUPPORTED_VERSION,
} from "../mcp/revisions.ts";
import { ask, INITIALIZE_PARAMS, ownChannel, type Question, type Reply } from "./ask.ts";

/** A server that answers nothing to an unknown request is asked the other way after this. */
const HTTP_PROBE_MS = 10_000;
/** 2026-07-28 stdio "Backward Compatibility": a reasonable time-out. */
const STDIO_PROBE_MS = 5_000;

/** Failures after which the other question may still be answered. */
const MAY_TRY_ON: ReadonlySet<UpstreamFailure["kind"]> = new Set([
  "deadline",
  "stalled",
  "cut",
  "garbage",
  "too-large",
  "exited",
]);

type Opener = Pick<Upstreams, "open" | "closeSession">;

/** Finds out which era a server speaks; a failure is no evidence of either. */
export function probeEra(upstreams: Opener, server: Server): Promise<Result<Era, UpstreamFailure>> {
  return server.target.kind === "http" ? probeHttp(upstreams, server) : probeStdio(upstreams, server);
}

/** 2026-07-28 streamable-http "Backward Compatibility": modern first, then `initialize`. */
async function probeHttp(upstreams: Opener, server: Server): Promise<Result<Era, UpstreamFailure>> {
  const deadlineMs = Math.min(server.deadlineMs, HTTP_PROBE_MS);
  const channel = ownChannel("probe");
  const discovered = await ask(upstreams, discover(server, channel, deadlineMs));
  if (!discovered.ok) {
    if (!MAY_TRY_ON.has(discovered.error.kind)) return discovered;
  } else {
    if (isNoEvidence(discovered.value.status)) return unusable(discovered.value);
    const era = eraOfReply(discovered.value.message);
    if (era !== undefined) return ok(era);
  }
  const question = { ...discover(server, channel, deadlineMs), era: "legacy" as const };
  const initialized = await ask(upstreams, { ...question, method: "initialize", params: INITIALIZE_PARAMS });
  if (!initialized.ok) return initialized;
  upstreams.closeSession(server, channel, initialized.value.session);
  const era = eraOfReply(initialized.value.message);
  if (era !== undefined && !isNoEvidence(initialized.value.status)) return ok(era);
  return isInitializeResult(initialized.value.message) ? ok("legacy") : unusable(initialized.value);
}

/** 2026-07-28 stdio: on a process of its own, because some servers die of a request before `initialize`. */
async function probeStdio(upstreams: Opener, server: Server): Promise<Result<Era, UpstreamFailure>> {
  const channel = ownChannel("probe");
  const deadlineMs = Math.min(server.deadlineMs, STDIO_PROBE_MS);
  const discovered = await ask(upstreams, discover(server, channel, deadlineMs));
  upstreams.closeSession(server, channel, undefined);
  if (discovered.ok) return ok(eraOfReply(discovered.value.message) ?? "legacy");
  return MAY_TRY_ON.has(discovered.error.kind) ? ok("legacy") : discovered;
}

function discover(server: Server, channel: string, deadlineMs: number): Question {
  const method = "server/discover";
  const session = undefined;
  return {
    server,
    era: "modern",
    method,
    params: {},
    protocolVersion: undefined,
    session,
    channel,
    deadlineMs,
  };
}

/** The era that a `DiscoverResult` or a recognised modern error proves; undefined proves nothing. */
function eraOfReply(message: JsonObject | undefined): Era | undefined {
  if (message === undefined) return undefined;
  const result = own(message, "result");
  if (isJsonObject(result)) return eraOfVersions(own(result, "supportedVersions"));
  const error = own(message, "error");
  if (!isJsonObject(error)) return undefined;
  const code = own(error, "code");
  if (code === HEADER_MISMATCH || code === MISSING_CAPABILITY) return "modern";
  if (code !== UNSUPPORTED_VERSION) return undefined;
  const data = own(error, "data");
  return (isJsonObject(data) ? eraOfVersions(own(data, "supported")) : undefined) ?? "modern";
}

/** A server that knows both eras is spoken to in the modern one; one of unknown versions can only be modern. */
function eraOfVersions(versions: JsonValue | undefined): Era | undefined {
  if (!Array.isArray(versions)) return undefined;
  if (versions.includes(MODERN_VERSION)) return "modern";
  return LEGACY_VERSIONS.some((version) => versions.includes(version)) ? "legacy" : "modern";
}

function isInitializeResult(message: JsonObject | undefined): boolean {
  const result = message === undefined ? undefined : own(message, "result");
  return isJsonObject(result) && typeof own(result, "protocolVersion") === "string";
}

/** Who may not ask, or asks too much, or asks a broken server, learns nothing about its era. */
function isNoEvidence(status: number): boolean {
  return status === 401 || status === 403 || status === 407 || status === 429 || status >= 500;
}

function unusable(reply: Reply): Result<never, UpstreamFailure> {
  return err({ kind: "garbage", sent: true, httpStatus: reply.status });
}
