import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";

/** A package as the registry of a test serves it. */
export interface FakePackage {
  readonly name: string;
  readonly manifest?: object;
  /** By path inside the package. */
  readonly files: { readonly [path: string]: string };
}

/** Starts a registry that npm can install from; its URL. Closed with the test. */
export async function startNpmRegistry(packages: readonly FakePackage[]): Promise<string> {
  const tarballs = new Map(packages.map((one) => [one.name, pack(one)]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const name = path.replace(/\/-\/.*$/, "");
    const found = packages.find((one) => one.name === name);
    const tarball = tarballs.get(name);
    if (found === undefined || tarball === undefined) return void response.writeHead(404).end("{}");
    if (path !== name) return void response.end(tarball);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(packument(found, tarball, origin)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const VERSION = "1.0.0";

function manifestOf({ name, manifest }: FakePackage): object {
  return { name, version: VERSION, ...manifest };
}

function packument(one: FakePackage, tarball: Buffer, origin: string): object {
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const dist = { tarball: `${origin}/${one.name}/-/package.tgz`, integrity };
  return {
    name: one.name,
    "dist-tags": { latest: VERSION },
    versions: { [VERSION]: { ...manifestOf(one), dist } },
  };
}

function pack(one: FakePackage): Buffer {
  const files = { "package.json": JSON.stringify(manifestOf(one)), ...one.files };
  const parts = Object.entries(files).flatMap(([path, text]) => entry(`package/${path}`, Buffer.from(text)));
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

/** POSIX ustar: a head of 512 bytes, then the body in blocks of 512. */
function entry(path: string, body: Buffer): Buffer[] {
  const head = Buffer.alloc(512);
  head.write(path, 0);
  head.write("0000755\0", 100);
  head.write("0000000\0", 108);
  head.write("0000000\0", 116);
  head.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  head.write("00000000000\0", 136);
  head.write("        ", 148);
  head.write("0", 156);
  head.write("ustar\x0000", 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
