import type { Hono } from "hono";
import { toWords } from "../api/read-query.ts";
import { MAX_STACK_SERVERS, readStackFile } from "../api/read-stack-file.ts";
import { readStackView } from "../api/stack-view.ts";
import { CATALOGUE, stackPath } from "./paths.ts";
import { readForm } from "./read-form.ts";
import { type Bindings, replyError, replyOnce, replyPage } from "./reply.ts";
import type { Site } from "./site-parts.ts";
import { stackPage } from "./stack-page.ts";

const MAX_NAME_CHARS = 300;
const MAX_HITS = 10;
const BUSY = ["One moment", "Too many stacks were asked for at once. Try again in a minute."] as const;

/** `/catalogue/stack`: by names in the URL, or from a file in a form. Nothing of either is kept. */
export function addStackPages(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get(`${CATALOGUE}/stack`, (c) => {
    const query = new URL(c.req.url).searchParams;
    const names = namesIn(query);
    if (names.length > 0 && !site.stackThrottle.take(c.env.address, site.nowMs()))
      return replyError(c, site, 429, BUSY);
    const add = query.get("add")?.trim().slice(0, MAX_NAME_CHARS) ?? "";
    if (add !== "" && site.reader.server(add) !== undefined) {
      return c.redirect(stackPath([...new Set([...names, add])]), 303);
    }
    const words = toWords(add);
    const hits = words === "" ? [] : site.reader.search({ words, kind: "server", limit: MAX_HITS }).hits;
    const view = readStackView(site.reader, [], names);
    return replyPage(
      c,
      site,
      stackPage(view, { base: site.base, added: { words, hits }, isFromFile: false }),
    );
  });
  app.post(`${CATALOGUE}/stack`, async (c) => {
    if (!site.stackThrottle.take(c.env.address, site.nowMs())) return replyError(c, site, 429, BUSY);
    const form = await readForm(c);
    if (!form.ok) return replyError(c, site, 415, ["That form cannot be read", form.error]);
    const pasted = form.value.get("config")?.trim() ?? "";
    const file = form.value.get("file")?.trim() ?? "";
    const entries = readStackFile(pasted === "" ? file : pasted);
    const names = namesIn(form.value);
    const view = readStackView(site.reader, entries.ok ? entries.value : [], names);
    const problem =
      pasted === "" && file === ""
        ? "Nothing was pasted, and no file was chosen."
        : entries.ok
          ? undefined
          : entries.error;
    const page = stackPage(view, { base: site.base, problem, isFromFile: true });
    return replyOnce(c, site, page, problem === undefined ? 200 : 422);
  });
}

function namesIn(query: URLSearchParams): readonly string[] {
  const names = query.getAll("server").map((name) => name.slice(0, MAX_NAME_CHARS));
  return [...new Set(names)].filter((name) => name !== "").slice(0, MAX_STACK_SERVERS);
}
