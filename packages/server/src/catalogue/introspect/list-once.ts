import type { Result } from "@portcullis/policy";
import { type Inspection, listTools } from "../../upstream/inspect.ts";
import { StdioUpstreams } from "../../upstream/stdio/stdio-upstreams.ts";
import { UpstreamDirectory } from "../../upstream/upstreams.ts";

type ListedServer = Parameters<typeof listTools>[1];
type Failure = Extract<Awaited<ReturnType<typeof listTools>>, { ok: false }>["error"];

/** A process that is started to be asked for its tools and nothing else. */
export interface OnceSettings {
  readonly command: readonly string[];
  /** All that it sees of any environment. */
  readonly env: { readonly [name: string]: string };
  readonly workingDirectory: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface OnceListed {
  readonly listed: Result<Inspection, Failure>;
  /** The last lines of its standard error, unescaped. */
  readonly lines: readonly string[];
}

/** Long enough to close what is open, short enough for a loop over hundreds. */
const KILL_AFTER_MS = 1_000;
/** No list of tools has such a line for a good reason. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/** Starts a server, finds out which era it speaks, takes its list of tools, and ends it with all its children. */
export async function listOnce(settings: OnceSettings): Promise<OnceListed> {
  const server = serverOf(settings);
  await using stdio = new StdioUpstreams({
    env: {},
    serverEnv: () => settings.env,
    workingDirectory: () => settings.workingDirectory,
    killAfterMs: KILL_AFTER_MS,
    maxLineBytes: MAX_LINE_BYTES,
  });
  const upstreams = new UpstreamDirectory(NO_HTTP, stdio);
  const work = takeList(upstreams, server);
  const listed = await Promise.race([work, lateAfter(settings)]);
  return { listed, lines: stdio.recentErrors(server.id) };
}

async function takeList(upstreams: UpstreamDirectory, server: ListedServer): Promise<OnceListed["listed"]> {
  const era = await upstreams.detectEra(server);
  return era.ok ? listTools(upstreams, server, era.value) : era;
}

function lateAfter({ timeoutMs, signal }: OnceSettings): Promise<OnceListed["listed"]> {
  const { promise, resolve } = Promise.withResolvers<OnceListed["listed"]>();
  const stop = () => resolve({ ok: false, error: { kind: "deadline", sent: true } });
  setTimeout(stop, timeoutMs).unref();
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  return promise;
}

function serverOf({ command, timeoutMs }: OnceSettings): ListedServer {
  return {
    id: "srv_introspected" as ListedServer["id"],
    organisation: "org_introspected" as ListedServer["organisation"],
    name: "introspected",
    target: { kind: "stdio", command, environment: undefined, workingDirectory: undefined },
    era: "auto",
    deadlineMs: timeoutMs,
    onChange: "allow",
    tools: new Map(),
    hasAcceptedList: false,
    acceptedInstructionsHash: undefined,
  };
}

/** The server is a process; nothing goes anywhere else. */
const NO_HTTP: ConstructorParameters<typeof UpstreamDirectory>[0] = {
  open: () => {
    throw new TypeError("an introspected server is never reached over HTTP");
  },
};

/** Why there is no list, in words. */
export function listFailure(failure: Failure): string {
  switch (failure.kind) {
    case "exited":
      return "its process ended before it listed any tool";
    case "deadline":
      return "it did not answer in time";
    case "garbage":
      return "what it answers is not the protocol";
    case "too-large":
      return "its list of tools is too large";
    case "unreachable":
      return "it could not be started";
    default:
      return `it could not be asked (${failure.kind})`;
  }
}
