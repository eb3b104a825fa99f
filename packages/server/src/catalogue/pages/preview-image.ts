import { crc32, deflateSync } from "node:zlib";

/** What previews of links show: the gate, in the size that they ask for. */
export const PREVIEW = { path: "/catalogue/assets/preview.png", width: 1200, height: 630 } as const;

/** Ground, gate. */
const COLOURS = [0x10, 0x12, 0x16, 0x8d, 0xb1, 0xff];
const LINE = 16;
/** The gate stands in the middle: half its width, its top and its foot. */
const GATE = { half: 180, shoulder: 250, foot: 540 } as const;
const BARS = [-90, 0, 90];
const CROSSES = [330, 440];

let made: Buffer | undefined;

/** A PNG of two colours, drawn when it is first asked for. */
export function previewImage(): Buffer {
  made ??= toPng();
  return made;
}

function toPng(): Buffer {
  const rows = Buffer.alloc((PREVIEW.width + 1) * PREVIEW.height);
  for (let y = 0; y < PREVIEW.height; y++) {
    // The first byte of a row says that it is written as it is.
    for (let x = 0; x < PREVIEW.width; x++) {
      if (isGate(x - PREVIEW.width / 2, y)) rows[y * (PREVIEW.width + 1) + 1 + x] = 1;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(PREVIEW.width, 0);
  head.writeUInt32BE(PREVIEW.height, 4);
  // Eight bits, each the number of a colour.
  head.set([8, 3], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(COLOURS)),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** An arch on two posts, three bars, two crosspieces. `x` counts from the middle. */
function isGate(x: number, y: number): boolean {
  const { half, shoulder, foot } = GATE;
  if (y > foot || Math.abs(x) > half + LINE / 2) return false;
  const fromCentre = Math.hypot(x, Math.min(0, y - shoulder));
  if (y < shoulder && fromCentre > half + LINE / 2) return false;
  const isOutline = y < shoulder ? fromCentre > half - LINE / 2 : Math.abs(x) > half - LINE / 2;
  const isBar = BARS.some((bar) => Math.abs(x - bar) < LINE / 2);
  return isOutline || isBar || CROSSES.some((cross) => Math.abs(y - cross) < LINE / 2);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
