import { CONFIG_KEYS, resolveConfig } from "@portcullis/server";
import { type Context, refuse } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { configFlags } from "./config-options.ts";

/** `config show`: `{"<key>": {"value", "from"}, …}`, unset values as null. */
export async function configShow(context: Context): Promise<ExitCode> {
  const { io, out, dataDir } = context;
  const resolved = await resolveConfig({ flags: configFlags(context.options), env: io.env, dataDir });
  if (!resolved.ok) return refuse(context, resolved.error.join("; "));
  const { config, origins, warnings } = resolved.value;
  for (const warning of warnings) out.warn(warning);
  if (context.json) {
    out.json(
      Object.fromEntries(CONFIG_KEYS.map((key) => [key, { value: config[key] ?? null, from: origins[key] }])),
    );
  } else {
    out.table(
      ["key", "value", "from"],
      CONFIG_KEYS.map((key) => [key, shown(config[key]), origins[key]]),
    );
  }
  return EXIT.ok;
}

function shown(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "-";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
