import { type FileHandle, open } from "node:fs/promises";

/** One regular file of an archive. */
export interface TarEntry {
  /** At most 100 bytes, without folders. */
  readonly name: string;
  /** Where its bytes are. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 1024 * 1024;
/** Eleven octal digits; larger sizes are written in base 256, as GNU tar, bsdtar and libarchive read them. */
const MAX_OCTAL = 8 ** 11 - 1;

/**
 * Writes a POSIX ustar archive of a few flat files. The format is one 512-byte header per file, so a library would
 * bring more packages into production than the lines it saves.
 */
export async function writeTar(
  target: FileHandle,
  entries: readonly TarEntry[],
  mtimeMs: number,
): Promise<void> {
  for (const entry of entries) await writeEntry(target, entry, mtimeMs);
  // Two empty blocks end an archive.
  await target.write(Buffer.alloc(2 * BLOCK_BYTES));
}

async function writeEntry(target: FileHandle, entry: TarEntry, mtimeMs: number): Promise<void> {
  await using source = await open(entry.path, "r");
  const { size } = await source.stat();
  await target.write(header(entry, size, mtimeMs));
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let left = size;
  while (left > 0) {
    // A file that grows meanwhile is cut at the size that the header names.
    const { bytesRead } = await source.read(chunk, 0, Math.min(CHUNK_BYTES, left));
    if (bytesRead === 0) throw new Error(`\`${entry.path}\` became shorter while it was read`);
    await target.write(chunk, 0, bytesRead);
    left -= bytesRead;
  }
  await target.write(Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES));
}

function header(entry: TarEntry, size: number, mtimeMs: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(entry.name, 0, 100, "utf8");
  writeNumber(block, 100, 8, entry.mode);
  writeNumber(block, 108, 8, 0);
  writeNumber(block, 116, 8, 0);
  writeNumber(block, 124, 12, size);
  writeNumber(block, 136, 12, Math.floor(mtimeMs / 1000));
  block.write("0", 156, "ascii");
  block.write("ustar\u000000", 257, "ascii");
  // The checksum is over the header with its own field filled with spaces.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

function writeNumber(block: Buffer, offset: number, length: number, value: number): void {
  if (value > MAX_OCTAL) {
    block.writeUInt8(0x80, offset);
    block.writeBigUInt64BE(BigInt(value), offset + length - 8);
    return;
  }
  block.write(value.toString(8).padStart(length - 1, "0"), offset, "ascii");
}
