import { expect, test } from "vitest";
import type { SealedEnvironment, SealedHeaders, SealedPlace, Target } from "../../src/call/records.ts";
import { isSameTarget } from "../../src/upstream/same-target.ts";

const HTTP = { kind: "http", url: "https://a.example/", credential: undefined } as const;
const STDIO = {
  kind: "stdio",
  command: ["a", "b"],
  environment: "sealed" as SealedEnvironment,
  workingDirectory: "/srv",
} as const;

test.each<{ name: string; a: Target; b: Target; same: boolean }>([
  { name: "two of one URL", a: HTTP, b: { ...HTTP }, same: true },
  { name: "another URL", a: HTTP, b: { ...HTTP, url: "https://b.example/" }, same: false },
  { name: "another credential", a: HTTP, b: { ...HTTP, credential: "new" as SealedHeaders }, same: true },
  { name: "another secret in the URL", a: HTTP, b: { ...HTTP, sealed: "v1" as SealedPlace }, same: false },
  { name: "another secret word", a: STDIO, b: { ...STDIO, sealed: "v1" as SealedPlace }, same: false },
  { name: "a URL and a command", a: HTTP, b: STDIO, same: false },
  { name: "a command and a URL", a: STDIO, b: HTTP, same: false },
  { name: "two of one command", a: STDIO, b: { ...STDIO, command: ["a", "b"] }, same: true },
  { name: "another argument", a: STDIO, b: { ...STDIO, command: ["a", "c"] }, same: false },
  { name: "one more argument", a: STDIO, b: { ...STDIO, command: ["a", "b", "c"] }, same: false },
  { name: "arguments that only look alike", a: STDIO, b: { ...STDIO, command: ["a\0b"] }, same: false },
  { name: "other variables", a: STDIO, b: { ...STDIO, environment: undefined }, same: false },
  { name: "another folder", a: STDIO, b: { ...STDIO, workingDirectory: "/" }, same: false },
])("$name", ({ a, b, same }) => {
  expect(isSameTarget(a, b)).toBe(same);
});
