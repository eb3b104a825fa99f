import type { PackageFacts, ServerFacts } from "../reader.ts";

/** Commands to put a policy into force. Nothing of a stranger stands in them that a shell could read. */
export interface Commands {
  /** Undefined for a server that is registered here. */
  readonly register: string | undefined;
  readonly name: string;
  readonly publish: string;
  readonly grant: string;
  /** False where what starts or reaches the server is not known and has to be filled in. */
  readonly isComplete: boolean;
}

/** Longest name of a registered server, as `server add` takes it. */
const MAX_NAME_CHARS = 64;

/** The three steps for a server; `policyUrl` is where the policy is downloaded. */
export function commandsFor(server: ServerFacts, policyUrl: string): Commands {
  const name = toServerName(server.name);
  const isRegistered = server.method === "live";
  const run = server.package === undefined ? undefined : runOf(server.package);
  return {
    name,
    register: isRegistered
      ? undefined
      : `portcullis server add --name ${name} ${run === undefined ? unknownTarget(server) : `-- ${run}`}`,
    publish: `curl -fsS -o policy.json '${policyUrl}'\nportcullis policy publish --server ${name} --name recommended policy.json`,
    grant: `portcullis grant create --server ${name} --policy recommended --label my-agent`,
    isComplete: run !== undefined,
  };
}

function unknownTarget({ transports }: ServerFacts): string {
  return transports.length > 0 && !transports.includes("stdio")
    ? "--url https://ADDRESS-OF-THE-SERVER"
    : "-- COMMAND-OF-THE-SERVER";
}

/** A name that the gateway takes, near to the catalogue's. */
export function toServerName(name: string): string {
  const last = name.split("/").at(-1) ?? "";
  const plain = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.slice(0, MAX_NAME_CHARS).replace(/-+$/, "") || "server";
}

/** What is no name of its registry, or no version, is left out: it would be read by a shell. */
const NAME = /^@?[A-Za-z0-9][A-Za-z0-9._/-]*$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/;

function runOf({ registry, name, version }: PackageFacts): string | undefined {
  if (name.length > 214 || !NAME.test(name)) return undefined;
  const exact = version !== undefined && version.length <= 100 && VERSION.test(version) ? version : undefined;
  if (registry === "npm") return `npx -y ${name}${exact === undefined ? "" : `@${exact}`}`;
  if (registry === "pypi") return `uvx ${name}${exact === undefined ? "" : `==${exact}`}`;
  if (registry === "oci") return `docker run -i --rm ${name}${exact === undefined ? "" : `:${exact}`}`;
  return undefined;
}
