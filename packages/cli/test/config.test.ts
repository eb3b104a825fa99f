import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CONFIG_KEYS,
  type ConfigSources,
  hostAllowList,
  originAllowList,
  publicUrlOf,
  resolveConfig,
} from "@portcullis/server";
import { describe, expect, test } from "vitest";

const DEFAULTS = {
  host: "127.0.0.1",
  port: 7411,
  adminPort: 7412,
  publicUrl: undefined,
  allowedHosts: [],
  allowedOrigins: [],
  maxBodyBytes: 4 * 1024 * 1024,
  deadlineMs: 55_000,
  auditRetentionDays: 90,
  durable: false,
  demo: true,
  logLevel: "info",
  catalogue: "loopback",
};

describe("configuration: flags, then variables, then the file, then defaults", () => {
  test("nothing given: every value is the default", async () => {
    const resolved = await resolveConfig(sources());
    const origins = Object.fromEntries(CONFIG_KEYS.map((key) => [key, "default"]));
    expect(resolved).toEqual({ ok: true, value: { config: DEFAULTS, origins, warnings: [] } });
  });

  test.each<{ name: string; given: Partial<ConfigSources>; file?: string; port: number; from: string }>([
    {
      name: "flag beats variable",
      given: { flags: { port: "1" }, env: { PORTCULLIS_PORT: "2" } },
      port: 1,
      from: "--port",
    },
    {
      name: "variable beats file",
      given: { env: { PORTCULLIS_PORT: "2" } },
      file: '{"port":3}',
      port: 2,
      from: "PORTCULLIS_PORT",
    },
    {
      name: "empty variable counts as none",
      given: { env: { PORTCULLIS_PORT: "" } },
      file: '{"port":3}',
      port: 3,
      from: "config.json",
    },
    { name: "file beats default", given: {}, file: '{"port":3}', port: 3, from: "config.json" },
  ])("$name", async ({ given, file, port, from }) => {
    const resolved = await resolveConfig({
      ...sources(file === undefined ? {} : { "config.json": file }),
      ...given,
    });
    expect(resolved.ok && [resolved.value.config.port, resolved.value.origins.port]).toEqual([port, from]);
  });

  test.each([
    { name: "config.json", text: '{"port": 1, "allowedHosts": ["A.example"]}' },
    { name: "config.jsonc", text: '// why\n{"port": 1, "allowedHosts": ["a.example"],}' },
    { name: "config.yaml", text: "port: 1 # why\nallowedHosts: [a.example]\n" },
    { name: "config.yml", text: "port: 1\nallowedHosts:\n  - a.example\n" },
  ])("$name is read", async ({ name, text }) => {
    const resolved = await resolveConfig(sources({ [name]: text }));
    expect(resolved.ok && resolved.value.config).toEqual({
      ...DEFAULTS,
      port: 1,
      allowedHosts: ["a.example"],
    });
  });

  test("text of variables becomes every type", async () => {
    const env = {
      PORTCULLIS_HOST: "::1",
      PORTCULLIS_ADMIN_PORT: "9",
      PORTCULLIS_PUBLIC_URL: "HTTPS://GW.example.com/",
      PORTCULLIS_ALLOWED_ORIGINS: "https://a.example, https://b.example:8443",
      PORTCULLIS_MAX_BODY_BYTES: "1024",
      PORTCULLIS_DEADLINE_MS: "2m",
      PORTCULLIS_AUDIT_RETENTION_DAYS: "7",
      PORTCULLIS_DURABLE: "true",
      PORTCULLIS_DEMO: "0",
      PORTCULLIS_LOG_LEVEL: "debug",
      PORTCULLIS_DATA: "/somewhere",
      PORTCULLIS_SERVICE_HOST: "10.0.0.1",
      PORTCULLIS_PORT_7411_TCP: "tcp://10.0.0.1:7411",
      OTHER: "x",
    };
    const resolved = await resolveConfig({ ...sources(), env });
    expect(resolved.ok && resolved.value.config).toEqual({
      ...DEFAULTS,
      host: "::1",
      adminPort: 9,
      publicUrl: "https://gw.example.com",
      allowedOrigins: ["https://a.example", "https://b.example:8443"],
      maxBodyBytes: 1024,
      deadlineMs: 120_000,
      auditRetentionDays: 7,
      durable: true,
      demo: false,
      logLevel: "debug",
    });
  });

  test("port 0 makes the health port any, too, unless it is named", async () => {
    const any = await resolveConfig({ ...sources(), flags: { port: "0" } });
    const named = await resolveConfig({ ...sources(), flags: { port: "0", adminPort: "5" } });
    expect([any.ok && any.value.config.adminPort, named.ok && named.value.config.adminPort]).toEqual([0, 5]);
  });
});

describe("configuration that is refused says what to do, one line each", () => {
  const known = CONFIG_KEYS.join(", ");
  test.each<{
    name: string;
    flags?: ConfigSources["flags"];
    env?: ConfigSources["env"];
    files?: Files;
    error: string | RegExp;
  }>([
    {
      name: "unknown key",
      files: { "config.json": '{"prot":1}' },
      error: `unknown key \`prot\` in config.json; known: ${known}`,
    },
    {
      name: "__proto__ key",
      files: { "config.json": '{"__proto__":1}' },
      error: `unknown key \`__proto__\` in config.json; known: ${known}`,
    },
    {
      name: "unknown variable",
      env: { PORTCULLIS_PROT: "1" },
      error: /^unknown variable `PORTCULLIS_PROT`; known: PORTCULLIS_DATA, PORTCULLIS_HOST, /,
    },
    {
      name: "key twice",
      files: { "config.json": '{"port":1,\n"port":2}' },
      error: /config\.json`: line 2: `port` is there twice$/,
    },
    {
      name: "YAML key twice",
      files: { "config.yaml": "port: 1\nport: 2\n" },
      error: /config\.yaml`: Map keys must be unique/,
    },
    {
      name: "YAML alias",
      files: { "config.yaml": "host: &a x\npublicUrl: *a\n" },
      error: /anchors and aliases are not read here$/,
    },
    { name: "not JSON", files: { "config.json": '{"port"' }, error: /config\.json`: line 1: \w+$/ },
    { name: "not an object", files: { "config.json": "[]" }, error: /must hold one object `\{…\}`$/ },
    { name: "YAML list", files: { "config.yaml": "- port\n" }, error: /must hold one mapping `key: value`$/ },
    {
      name: "two files",
      files: { "config.json": "{}", "config.yaml": "" },
      error: /^config\.json and config\.yaml are both in `.*`: keep one of them$/,
    },
    {
      name: "port too high",
      flags: { port: "65536" },
      error: "`port` (from --port) must be a whole number from 0 to 65535, not `65536`",
    },
    {
      name: "port of another type",
      files: { "config.json": '{"port":[1]}' },
      error: "`port` (from config.json) must be a whole number from 0 to 65535, not `[1]`",
    },
    {
      name: "port with a fraction",
      files: { "config.json": '{"port":1.5}' },
      error: /^`port` \(from config\.json\) must be a whole number .*, not `1\.5`$/,
    },
    { name: "port in words", flags: { port: "1e3" }, error: /^`port` .*, not `1e3`$/ },
    { name: "body too small", flags: { maxBodyBytes: "1023" }, error: /^`maxBodyBytes` .* from 1024 to / },
    { name: "deadline too short", flags: { deadlineMs: "999ms" }, error: /^`deadlineMs` .*, not `999ms`$/ },
    {
      name: "neither true nor false",
      env: { PORTCULLIS_DURABLE: "yes" },
      error: /must be true or false, not `yes`$/,
    },
    {
      name: "level that is none",
      flags: { logLevel: "loud" },
      error:
        "`logLevel` (from --log-level) must be one of trace, debug, info, warn, error, fatal, silent, not `loud`",
    },
    { name: "host of another type", files: { "config.json": '{"host":1}' }, error: /^`host` .*, not `1`$/ },
    {
      name: "list with another type in it",
      files: { "config.json": '{"allowedHosts":["a.example",1]}' },
      error: /^`allowedHosts` \(from config\.json\) must be host names /,
    },
    {
      name: "list that is none",
      files: { "config.json": '{"allowedHosts":{"a.example":true}}' },
      error: /^`allowedHosts` \(from config\.json\) must be host names /,
    },
    {
      name: "list without end",
      flags: { allowedHosts: Array.from({ length: 1001 }, () => "a.example") },
      error: /^`allowedHosts` \(from --allowed-host\) must be host names /,
    },
    {
      name: "public URL with a path",
      flags: { publicUrl: "https://a.example/x" },
      error: /^`publicUrl` \(from --public-url\) must be a URL like /,
    },
    { name: "public URL with a user", flags: { publicUrl: "https://me@a.example" }, error: /^`publicUrl` / },
    {
      name: "any host",
      flags: { allowedHosts: ["*"] },
      error: /^`allowedHosts` \(from --allowed-host\) must be host names like /,
    },
    {
      name: "any origin",
      flags: { allowedOrigins: ["*"] },
      error: /^`allowedOrigins` \(from --allowed-origin\) must be origins like /,
    },
    { name: "null origin", flags: { allowedOrigins: ["null"] }, error: /^`allowedOrigins` / },
    {
      name: "a setting that is none",
      env: { PORTCULLIS_PRIVATE_RANGES: "10.0.0.0/8" },
      error: /^unknown variable `PORTCULLIS_PRIVATE_RANGES`/,
    },
    {
      name: "deadline without unit in words",
      flags: { deadlineMs: "soon" },
      error: /^`deadlineMs` \(from --deadline\) must be a time /,
    },
    {
      name: "reachable without a name",
      flags: { host: "0.0.0.0" },
      error: /^`--host 0\.0\.0\.0` is reachable from other machines: name the URL /,
    },
    {
      name: "one port twice",
      flags: { port: "7412" },
      error: "`port` and `adminPort` are both 7412: give one of them another port",
    },
  ])("$name", async ({ flags = {}, env = {}, files, error }) => {
    const resolved = await resolveConfig({ ...sources(files), flags, env });
    const expected = typeof error === "string" ? error : expect.stringMatching(error);
    expect(resolved).toEqual({ ok: false, error: [expected] });
  });

  test("several mistakes are told at once", async () => {
    const resolved = await resolveConfig({ ...sources(), flags: { port: "x", host: "a b" } });
    expect(resolved.ok ? [] : resolved.error.map((line) => line.split(" ", 1)[0])).toEqual([
      "`port`",
      "`host`",
    ]);
  });

  test("a public URL without encryption is served with a warning", async () => {
    const resolved = await resolveConfig({ ...sources(), flags: { publicUrl: "http://gw.example" } });
    expect(resolved.ok && resolved.value.warnings).toEqual([
      "`publicUrl` http://gw.example is not https: tokens travel readable for everyone on the way",
    ]);
  });
});

describe("what is served and told (threat: DNS rebinding)", () => {
  test.each<{ name: string; flags: ConfigSources["flags"]; url: string; hosts: string[]; origins: string[] }>(
    [
      {
        name: "loopback",
        flags: {},
        url: "http://127.0.0.1:9",
        hosts: ["127.0.0.1:9", "localhost:9", "[::1]:9"],
        origins: ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"],
      },
      {
        name: "behind a proxy",
        flags: { host: "0.0.0.0", publicUrl: "https://gw.example", allowedOrigins: ["https://app.example"] },
        url: "https://gw.example",
        hosts: ["127.0.0.1:9", "localhost:9", "[::1]:9", "gw.example"],
        origins: [
          "http://127.0.0.1:9",
          "http://localhost:9",
          "http://[::1]:9",
          "https://gw.example",
          "https://app.example",
        ],
      },
      {
        name: "listed names only",
        flags: { host: "0.0.0.0", allowedHosts: ["gw.internal:9"] },
        url: "http://gw.internal:9",
        hosts: ["127.0.0.1:9", "localhost:9", "[::1]:9", "gw.internal:9"],
        origins: ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"],
      },
      {
        name: "one address",
        flags: { host: "fd00::1", allowedHosts: ["gw.internal"] },
        url: "http://[fd00::1]:9",
        hosts: ["[fd00::1]:9", "gw.internal"],
        origins: ["http://[fd00::1]:9"],
      },
    ],
  )("$name", async ({ flags, url, hosts, origins }) => {
    const resolved = await resolveConfig({ ...sources(), flags });
    if (!resolved.ok) throw new Error(resolved.error.join());
    const { config } = resolved.value;
    expect([publicUrlOf(config, 9), [...hostAllowList(config, 9)], [...originAllowList(config, 9)]]).toEqual([
      url,
      hosts,
      origins,
    ]);
  });
});

type Files = { readonly [name: string]: string };

function sources(files: Files = {}): ConfigSources {
  const dataDir = mkdtempSync(join(tmpdir(), "portcullis-config-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dataDir, name), text);
  return { flags: {}, env: {}, dataDir };
}
