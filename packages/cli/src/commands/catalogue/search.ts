import { CATEGORIES, type Category, RISKS, type Risk } from "@portcullis/catalogue";
import type { SearchHit } from "@portcullis/server";
import { type Context, refuse } from "../../context.ts";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import type { Cell } from "../../output.ts";
import { riskCell } from "./risk-cell.ts";
import { withCatalogue } from "./with-catalogue.ts";

const DEFAULT_LIMIT = 20;
const SUMMARY_CHARS = 60;

/** `catalogue search`: `{"hits":[{"kind","server","tool","title","summary","category","risk"}],"cursor"}`. */
export async function catalogueSearch(context: Context): Promise<ExitCode> {
  const { args, options, out } = context;
  const limit = Number(options.text("limit") ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return refuse(context, "--limit must be a whole number from 1 to 100");
  }
  const server = options.text("server");
  const risk = RISKS.find((one): one is Risk => one === options.text("risk"));
  const category = CATEGORIES.find((one): one is Category => one === options.text("category"));
  const cursor = options.text("cursor");
  return withCatalogue(context, ({ reader }) => {
    if (server !== undefined && reader.server(server) === undefined) {
      return refuse(
        context,
        `no server \`${server}\` is in the catalogue; find it with \`catalogue search\``,
      );
    }
    const page = reader.search({
      words: args.join(" "),
      limit,
      ...(risk === undefined ? {} : { risk }),
      ...(category === undefined ? {} : { category }),
      ...(server === undefined ? {} : { server }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (context.json) out.json(page);
    else printHits(context, page.hits, page.cursor);
    return EXIT.ok;
  });
}

function printHits({ out }: Context, hits: readonly SearchHit[], cursor: string | undefined): void {
  if (hits.length === 0) {
    out.line("Nothing in the catalogue is like that.");
    out.note("try fewer words, or bring more in: `catalogue sync`, `catalogue introspect`");
    return;
  }
  out.table(["risk", "tool", "server", "what it says of itself"], hits.map(toRow));
  if (cursor !== undefined) out.note(`there is more: --cursor ${cursor}`);
}

function toRow(hit: SearchHit): readonly Cell[] {
  const text = hit.title ?? hit.summary ?? "";
  const said = text.length > SUMMARY_CHARS ? `${text.slice(0, SUMMARY_CHARS - 1).toWellFormed()}…` : text;
  return [riskCell(hit.risk), hit.tool ?? "(server)", hit.server, said];
}
