import { createInterface } from "node:readline";
import { makeThrowawayFolder } from "../../src/catalogue/introspect/throwaway-folder.ts";

/** Makes a throw-away folder, prints its path, removes it when a line comes, and prints the warnings. */
{
  using folder = makeThrowawayFolder((warning) => console.log(warning));
  console.log(folder.path);
  for await (const _line of createInterface({ input: process.stdin })) break;
}
