import type { OptionSpec } from "../../command-spec.ts";

export const SCAN_OPTIONS: readonly OptionSpec[] = [
  { flags: "--start", summary: "start the commands and ask the URLs of the files for their tools" },
  { flags: "--url <url>", summary: "look at one server over HTTP" },
  { flags: "--header <header>", summary: '"K: V" or "K: env:NAME", sent to --url', isList: true },
  {
    flags: "--env <variable>",
    summary: "NAME=value or NAME=env:OTHER, a variable of the command",
    isList: true,
  },
  {
    flags: "--format <format>",
    summary: "how the report is written (default table)",
    choices: ["table", "json", "sarif", "markdown"],
  },
  { flags: "--output <file>", summary: "write the report to a file" },
  {
    flags: "--fail-on <risk>",
    summary: "exit with 1 when a tool or finding is this bad, or a server's tools are unknown",
  },
  { flags: "--policies <dir>", summary: "write the recommended policy of each server into a folder" },
];
