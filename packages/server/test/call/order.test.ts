import { expectTypeOf, test } from "vitest";
import type {
  AllowedCall,
  IntendedCall,
  JudgedCall,
  PermittedCall,
  RoutedCall,
} from "../../src/call/call.ts";
import type { forward } from "../../src/call/forward.ts";
import type { intend } from "../../src/call/intend.ts";
import type { reserve } from "../../src/call/reserve.ts";

/** `tsc -b` holds these; nothing of them runs. */
test("an order that skips a stage does not compile", () => {
  expectTypeOf<Parameters<typeof reserve>[0]>().toEqualTypeOf<PermittedCall>();
  expectTypeOf<RoutedCall>().not.toExtend<Parameters<typeof reserve>[0]>();
  expectTypeOf<JudgedCall>().not.toExtend<Parameters<typeof reserve>[0]>();
  expectTypeOf<Extract<JudgedCall, { stop: "denied" }>>().not.toExtend<Parameters<typeof reserve>[0]>();
  expectTypeOf<PermittedCall>().not.toExtend<Parameters<typeof intend>[0]>();
  expectTypeOf<AllowedCall>().not.toExtend<Parameters<typeof forward>[0]>();
  expectTypeOf<IntendedCall>().toExtend<Parameters<typeof forward>[0]>();
});
