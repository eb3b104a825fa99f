export { sizeOfNote } from "./audit/checkpoint.ts";
export { exportRows, type LogRow } from "./audit/export.ts";
export { newestEntry, openLedgerToRead } from "./audit/ledger-schema.ts";
export { readNotesNow } from "./audit/note-file.ts";
export { readEntries, readEntriesBackwards } from "./audit/read-entries.ts";
export { type Verification, type VerifyInput, verifyLedger } from "./audit/verify.ts";
export type { Mode, PinState, ServerId } from "./call/records.ts";
export { CATALOGUE_RULES } from "./catalogue/catalogue-rules.ts";
export { SqliteContactBox } from "./catalogue/contact-box.ts";
export { type Introspection, introspect } from "./catalogue/introspect/introspect.ts";
export { parsePackageSpec } from "./catalogue/introspect/package-spec.ts";
export { learn } from "./catalogue/learn.ts";
export type { CatalogueReader, SearchHit, ServerFacts, ToolFacts } from "./catalogue/reader.ts";
export { refreshCatalogue } from "./catalogue/refresh.ts";
export { loadSeed } from "./catalogue/seed/load-seed.ts";
export { listShippedPackages, type ShippedPackage } from "./catalogue/seed/shipped-packages.ts";
export type { Note } from "./catalogue/store/incoming.ts";
export { type Catalogue, openCatalogue, openCatalogueFile } from "./catalogue/store/open-catalogue.ts";
export { type SyncReport, syncRegistry } from "./catalogue/sync/sync.ts";
export {
  type ConfigSources,
  hostAllowList,
  originAllowList,
  publicUrlOf,
  resolveConfig,
  servesCatalogue,
} from "./config.ts";
export {
  CONFIG_KEYS,
  type Config,
  parseDurationMs,
} from "./config-settings.ts";
export { DEMO_NAME, demoCommand } from "./demo/demo-command.ts";
export { DEMO_POLICY } from "./demo/demo-policy.ts";
export { type InspectedServer, inspectServer } from "./inspect-server.ts";
export { type InspectedTarget, inspectTarget } from "./inspect-target.ts";
export { type Gateway, startGateway } from "./main.ts";
export { readStrict } from "./mcp/strict-reading.ts";
export { type RunOptions, runStdio } from "./run-stdio.ts";
export { openCredential, sealCredential } from "./storage/credential-vault.ts";
export {
  type DataFolder,
  lockDataFolder,
  openDataFolder,
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
export {
  acceptInstructions,
  acceptTools,
  listTools,
  recordInstructions,
  recordObserved,
  type ToolRow,
} from "./storage/tool-rows.ts";
