import type { ConfigSources } from "@portcullis/server";
import type { OptionSpec } from "../command-spec.ts";
import type { Options } from "../context.ts";

/** One option per configuration key, for the commands that read the configuration. */
export const CONFIG_OPTIONS: readonly OptionSpec[] = [
  { flags: "--port <port>", summary: "port to listen on; 0 for any (default 7411)" },
  { flags: "--host <address>", summary: "address to listen on (default 127.0.0.1)" },
  { flags: "--admin-port <port>", summary: "loopback port of /healthz, /readyz, /metrics (default 7412)" },
  { flags: "--public-url <url>", summary: "URL under which clients reach the gateway" },
  { flags: "--allowed-host <host>", summary: "further Host value that is served", isList: true },
  { flags: "--allowed-origin <origin>", summary: "browser origin that may call", isList: true },
  { flags: "--max-body-bytes <n>", summary: "largest request body (default 4194304)" },
  { flags: "--deadline <time>", summary: "longest call of servers added without one (default 55s)" },
  { flags: "--audit-retention-days <n>", summary: "how long the audit log is kept (default 90)" },
  { flags: "--durable", summary: "flush every commit to the disk, against power cuts" },
  { flags: "--no-demo", summary: "do not register the demo server on the first start" },
  {
    flags: "--log-level <level>",
    summary: "trace, debug, info, warn, error, fatal or silent (default info)",
  },
  { flags: "--catalogue <when>", summary: "serve /catalogue: loopback, on or off (default loopback)" },
];

/** What these options say, in the words of the configuration; an option that was not given is not in it. */
export function configFlags(options: Options): ConfigSources["flags"] {
  const list = (name: string): readonly string[] | undefined => {
    const values = options.list(name);
    return values.length === 0 ? undefined : values;
  };
  return {
    port: options.text("port"),
    host: options.text("host"),
    adminPort: options.text("adminPort"),
    publicUrl: options.text("publicUrl"),
    allowedHosts: list("allowedHost"),
    allowedOrigins: list("allowedOrigin"),
    maxBodyBytes: options.text("maxBodyBytes"),
    deadlineMs: options.text("deadline"),
    auditRetentionDays: options.text("auditRetentionDays"),
    durable: options.flag("durable") ? true : undefined,
    demo: options.flag("demo") ? undefined : false,
    logLevel: options.text("logLevel"),
    catalogue: options.text("catalogue"),
  };
}
