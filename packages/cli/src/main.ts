import { useCompileCache } from "./compile-cache.ts";

// Before anything large is imported.
useCompileCache(process.env);
const { runCli } = await import("./program.ts");
const { processIo } = await import("./io.ts");

process.exitCode = await runCli(process.argv.slice(2), processIo());
