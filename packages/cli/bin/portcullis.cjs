#!/usr/bin/env node
// CommonJS and plain syntax: an old Node must be able to read this far to say what is missing.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  const quote = (arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replace(/'/g, "'\\''")}'`);
  const args = process.argv.slice(2).map(quote).join(" ");
  console.error(
    `error: Node ${process.versions.node} is too old, 24.15 is needed; run: npx -y -p node@24 -p portcullis portcullis ${args}`,
  );
  process.exit(2);
}
import("../dist/main.js").catch((cause) => {
  console.error(`error: the program could not be loaded: ${cause instanceof Error ? cause.message : cause}`);
  process.exit(3);
});
