import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDataFolder } from "@portcullis/server";
import type { Context } from "../context.ts";
import { type Finding, failing, fine } from "../doctor/finding.ts";
import { checkDatabases, checkModes, readNewestRowMs } from "../doctor/folder.ts";
import { checkClock, checkConfig, checkGateway, checkNode } from "../doctor/machine.ts";
import { checkGrants, checkPolicies, checkServers } from "../doctor/records.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { withWorkspace } from "../workspace.ts";

/** `doctor`: `{"ok","checks":[{"check","status","detail"}]}`, exit code 1 when a check fails. */
export async function doctor(context: Context): Promise<ExitCode> {
  const findings = await examine(context);
  const isOk = findings.every((finding) => finding.status !== "fail");
  if (context.json) context.out.json({ ok: isOk, checks: findings });
  else {
    context.out.table(
      ["", "check", "found"],
      findings.map(({ check, status, detail }) => [{ text: status, style: STYLES[status] }, check, detail]),
    );
  }
  return isOk ? EXIT.ok : EXIT.checkFailed;
}

const STYLES = { ok: "green", warn: "yellow", fail: "red" } as const;

async function examine(context: Context): Promise<readonly Finding[]> {
  const { dataDir, io } = context;
  const { config, findings: ofConfig } = await checkConfig(context);
  const machine = [
    checkNode(process.versions.node),
    checkClock(io.nowMs(), readNewestRowMs(dataDir)),
    ...ofConfig,
    ...(await checkGateway(context, config)),
  ];
  if (!existsSync(join(dataDir, "state.db"))) {
    return [...machine, fine("data folder", `${dataDir} holds nothing yet`)];
  }
  const ofFiles = [...checkModes(dataDir), ...checkDatabases(dataDir)];
  const folder = openDataFolder(dataDir);
  if (!folder.ok) return [...machine, ...ofFiles, failing("key", folder.error)];
  const damaged = ofFiles.some(
    (finding) => finding.check === "state.db integrity" && finding.status === "fail",
  );
  return [...machine, ...ofFiles, ...(damaged ? [] : await examineRecords(context))];
}

async function examineRecords(context: Context): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let problem = "it cannot be used";
  const out = {
    ...context.out,
    error: (text: string): void => {
      problem = text;
    },
  };
  const code = await withWorkspace({ ...context, out }, { create: false }, async (workspace) => {
    findings.push(
      ...(await checkServers(context, workspace)),
      ...checkGrants(workspace, context.io.nowMs()),
      ...checkPolicies(workspace),
    );
    return EXIT.ok;
  });
  if (code === EXIT.ok) return findings;
  // INVARIANT: what could not be looked at is not in order.
  return [...findings, failing("state.db", problem)];
}
