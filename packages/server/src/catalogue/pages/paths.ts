import type { Category, Risk } from "@portcullis/catalogue";

/** Where everything of the catalogue is, without the origin. Each thing has one path; others are redirected to it. */
export const CATALOGUE = "/catalogue";
export const API = "/api/v1/catalogue";

/** A longer one is linked nowhere: clients and proxies refuse it. */
export const MAX_PATH_CHARS = 4_000;

export function toolPath(server: string, tool: string): string {
  return `${CATALOGUE}/tools/${toSegment(server)}/${toSegment(tool)}`;
}

export function serverPath(server: string): string {
  return `${CATALOGUE}/servers/${toSegment(server)}`;
}

export function riskPath(risk: Risk): string {
  return `${CATALOGUE}/risk/${risk}`;
}

export function categoryPath(category: Category): string {
  return `${CATALOGUE}/category/${category.toLowerCase()}`;
}

export function attackPath(slug: string): string {
  return `${CATALOGUE}/attacks/${toSegment(slug)}`;
}

/** The stack of these servers, for everybody who has the link. */
export function stackPath(servers: readonly string[]): string {
  return withQuery(
    `${CATALOGUE}/stack`,
    servers.map((name): [string, string] => ["server", name]),
  );
}

export function withQuery(path: string, query: readonly (readonly [string, string | undefined])[]): string {
  const given = query.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  const text = new URLSearchParams(
    given.map(([key, value]): [string, string] => [key, value.toWellFormed()]),
  ).toString();
  return text === "" ? path : `${path}?${text}`;
}

/**
 * A name as one segment of a path. URL parsers resolve `.` and `..`, even percent-encoded, and drop empty ones: these
 * get a `~` in front, and so does a name that begins with one.
 */
export function toSegment(name: string): string {
  const isSpecial = name === "" || name === "." || name === ".." || name.startsWith("~");
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return (isSpecial ? `~${encoded}` : encoded).replaceAll("%40", "@");
}

/** The name that a segment stands for, however it was encoded; undefined where it stands for none. */
export function fromSegment(segment: string): string | undefined {
  try {
    const name = decodeURIComponent(segment);
    return name.startsWith("~") ? name.slice(1) : name;
  } catch {
    return undefined;
  }
}
