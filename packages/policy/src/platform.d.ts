// The only two things this package takes from its surroundings; both exist in Node, browsers and workers.
declare class URL {
  constructor(url: string);
  readonly hostname: string;
  readonly protocol: string;
}
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
