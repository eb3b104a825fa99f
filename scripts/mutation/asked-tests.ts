/** The tests of `npm run mutation -- --tests`, or these. */
export function askedTests(otherwise: string[]): string[] {
  return process.env["MUTATION_TESTS"]?.split("\n") ?? otherwise;
}
