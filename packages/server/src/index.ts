export { notesUpTo } from "./audit/checkpoint.ts";
export { exportRows, type LogFilter, type LogRow } from "./audit/export.ts";
export { type Verification, type VerifyInput, verifyLedger } from "./audit/verify.ts";
export type { Mode, PinState, ServerId } from "./call/records.ts";
export { CATALOGUE_RULES } from "./catalogue/catalogue-rules.ts";
export { SqliteContactBox } from "./catalogue/contact-box.ts";
export { type Introspection, type IntrospectOptions, introspect } from "./catalogue/introspect/introspect.ts";
export { type PackageSpec, parsePackageSpec } from "./catalogue/introspect/package-spec.ts";
export { learn } from "./catalogue/learn.ts";
export type { CatalogueReader, SearchHit, ServerFacts, ToolFacts } from "./catalogue/reader.ts";
export { refreshCatalogue } from "./catalogue/refresh.ts";
export { loadSeed } from "./catalogue/seed/load-seed.ts";
export { listShippedPackages, type ShippedPackage } from "./catalogue/seed/shipped-packages.ts";
export type { Note } from "./catalogue/store/incoming.ts";
export { type Catalogue, openCatalogue, openCatalogueFile } from "./catalogue/store/open-catalogue.ts";
export { type SyncReport, syncRegistry } from "./catalogue/sync/sync.ts";
export {
  type ConfigOrigins,
  type ConfigSources,
  hostAllowList,
  isLoopback,
  originAllowList,
  publicUrlOf,
  type ResolvedConfig,
  resolveConfig,
  servesCatalogue,
} from "./config.ts";
export {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  LOG_LEVELS,
  type LogLevel,
  parseDurationMs,
} from "./config-settings.ts";
export { DEMO_NAME, demoCommand } from "./demo/demo-command.ts";
export { DEMO_POLICY } from "./demo/demo-policy.ts";
export { type InspectedServer, type InspectOptions, inspectServer } from "./inspect-server.ts";
export { type InspectedTarget, inspectTarget } from "./inspect-target.ts";
export { type Gateway, type GatewayOptions, startGateway } from "./main.ts";
export { readStrict } from "./mcp/strict-reading.ts";
export { type RunOptions, runStdio } from "./run-stdio.ts";
export { type CredentialPlace, openCredential, sealCredential } from "./storage/credential-vault.ts";
export {
  type DataFolder,
  lockDataFolder,
  openDataFolder,
  type RunningGateway,
  readRunning,
} from "./storage/data-folder.ts";
export { Database } from "./storage/database.ts";
export {
  createGrant,
  findGrant,
  type GrantRow,
  listGrants,
  type MintedGrant,
  type NewGrant,
  revokeGrant,
  rotateGrant,
  setGrant,
} from "./storage/grant-rows.ts";
export {
  findPolicy,
  listPolicies,
  listVersions,
  type NewVersion,
  type PolicyRow,
  type PolicyVersionRow,
  publishPolicy,
  requirePolicy,
} from "./storage/policy-rows.ts";
export {
  addServer,
  type EnvironmentVariable,
  findServer,
  type HiddenParts,
  listServers,
  type NewServer,
  removeServer,
  requireServer,
  type ServerRow,
} from "./storage/server-rows.ts";
export { ServerSecrets } from "./storage/server-secrets.ts";
export { checkName, openState, type State } from "./storage/state.ts";
export type { ObservedTool } from "./storage/tool-rows.ts";
export {
  acceptInstructions,
  acceptTools,
  listTools,
  recordInstructions,
  recordObserved,
  type ToolRow,
} from "./storage/tool-rows.ts";
