import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import { onTestFinished } from "vitest";

/** A package of PyPI with one module and one command. */
export interface FakeWheel {
  readonly name: string;
  readonly module: string;
  /** Of `module.main`, which the command calls. */
  readonly code: string;
  /** Lines of the metadata. */
  readonly metadata: readonly string[];
  readonly license?: string;
}

const VERSION = "1.0.0";

/** Starts an index that pip and uv can install from; its URL. Closed with the test. */
export async function startPypiIndex(wheels: readonly FakeWheel[]): Promise<string> {
  const files = new Map(wheels.map((wheel) => [fileName(wheel), pack(wheel)]));
  const server = createServer((request, response) => {
    const [, kind, name = ""] = (request.url ?? "").split("/");
    const file = files.get(name);
    if (kind === "files" && file !== undefined) return void response.end(file);
    const links = wheels.filter((wheel) => wheel.name === name).map(linkOf);
    if (links.length === 0) return void response.writeHead(404).end();
    response.setHeader("content-type", "text/html");
    response.end(`<!DOCTYPE html><html><body>${links.join("")}</body></html>`);
  });
  const linkOf = (wheel: FakeWheel): string => {
    const digest = createHash("sha256")
      .update(files.get(fileName(wheel)) ?? "")
      .digest("hex");
    return `<a href="/files/${fileName(wheel)}#sha256=${digest}">${fileName(wheel)}</a>`;
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`;
}

function fileName({ name }: FakeWheel): string {
  return `${name.replaceAll("-", "_")}-${VERSION}-py3-none-any.whl`;
}

function pack({ name, module, code, metadata, license }: FakeWheel): Buffer {
  const info = `${name.replaceAll("-", "_")}-${VERSION}.dist-info`;
  const files = {
    [`${module}/__init__.py`]: "",
    [`${module}/server.py`]: code,
    [`${info}/METADATA`]: [
      "Metadata-Version: 2.1",
      `Name: ${name}`,
      `Version: ${VERSION}`,
      ...metadata,
      "",
    ].join("\n"),
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${module}.server:main\n`,
    ...(license === undefined ? {} : { [`${info}/licenses/LICENSE`]: license }),
  };
  const record = [...Object.keys(files), `${info}/RECORD`].map((path) => `${path},,`).join("\n");
  return zip({ ...files, [`${info}/RECORD`]: `${record}\n` });
}

/** A ZIP archive of files that are stored as they are. */
function zip(files: { readonly [path: string]: string }): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, body] = [Buffer.from(path), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0", "latin1"), common, tail, name);
    const local = [Buffer.from("PK\x03\x04", "latin1"), common, name, body];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
