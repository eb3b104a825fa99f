import type { CombinationPart, ToxicCombination } from "@portcullis/catalogue";
import type { StackEntry } from "../api/read-stack-file.ts";
import type { StackMember, StackView } from "../api/stack-view.ts";
import type { SearchHit } from "../reader.ts";
import { control } from "./control.ts";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { categoryBar, counted, linked, section, verdictChips } from "./parts.ts";
import { CATALOGUE, serverPath, stackPath, toolPath } from "./paths.ts";
import { sentence } from "./sentence.ts";
import { lineOf, nameOf } from "./text.ts";
import { CAPABILITY_TEXT } from "./words.ts";

export interface StackPageOptions {
  /** Of this instance. */
  readonly base: string;
  readonly isFromFile: boolean;
  /** What was looked for to be added. */
  readonly added?: { readonly words: string; readonly hits: readonly SearchHit[] };
  /** What was wrong with the file. */
  readonly problem?: string | undefined;
}

/** `/catalogue/stack`. */
export function stackPage(view: StackView, options: StackPageOptions): Page {
  const { members, unknown } = view;
  const isEmpty = members.length === 0 && unknown.length === 0;
  return {
    title: "Your stack",
    description:
      "Paste an mcp.json: see everything your agents can call, the worst first, and get one policy per server.",
    // What somebody runs is nobody else's to find.
    path: isEmpty && !options.isFromFile ? `${CATALOGUE}/stack` : undefined,
    place: "stack",
    crumbs: [
      ["Catalogue", CATALOGUE],
      ["Your stack", undefined],
    ],
    main: html`<div class="head"><h1>${isEmpty ? "What can your agents do together?" : "What your agents can do"}</h1>
${isEmpty && html`<p class="lead">Tools that are harmless alone can be dangerous side by side. Name the servers that one agent uses.</p>`}
${options.problem !== undefined && html`<p class="callout critical" role="alert" id="problem"><strong>${options.problem}</strong></p>`}
${members.length > 0 && overview(view)}</div>
${unknown.length > 0 && unknownList(unknown)}
${view.report.combinations.length > 0 && combinations(view.report.combinations)}
${view.report.worst.length > 0 && worst(view)}
${members.length > 0 && policies(view, options.base)}
${members.length > 0 && everything(members)}
${forms(members, options)}`,
  };
}

function overview({ members, report, isCut }: StackView): Html {
  const total = totalOf(report.counts);
  const names = members.map(({ facts }) => facts.name);
  const chips = members.map(({ facts, alias, knownBy }) => {
    const rest = names.filter((name) => name !== facts.name);
    const doubt =
      alias !== undefined &&
      knownBy === "name" &&
      html` <span class="note">found by its name only: check that it is this one</span>`;
    return html`<li><a class="chip" href="${serverPath(facts.name)}">${nameOf(facts.name)}</a>${doubt} <a class="remove" href="${stackPath(rest)}"><span class="hidden">Remove ${nameOf(facts.name)} from the stack</span><span aria-hidden="true">✕</span></a></li>`;
  });
  return html`<p class="lead"><strong>${counted(total, "tool")}</strong> of ${counted(members.length, "server")}.</p>
<ul class="chips" aria-label="Servers">${chips}</ul>
${total > 0 && categoryBar(report.counts)}
${isCut && html`<p class="callout medium"><span>Some servers have more tools than are looked at here, or none that are known.</span></p>`}
<p class="note"><a href="${stackPath(names)}">Link to this stack</a>: it holds the names of the servers, nothing else.</p>`;
}

function totalOf(counts: StackView["report"]["counts"]): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function unknownList(entries: readonly StackEntry[]): Html {
  const items = entries.map(
    ({ alias, package: pack, host }) =>
      html`<li><strong>${nameOf(alias)}</strong>${pack !== undefined && html` runs <code>${nameOf(pack.name)}</code>`}${host !== undefined && html` at <code>${nameOf(host)}</code>`}</li>`,
  );
  return section(
    "unknown",
    "Not in the index",
    html`<div class="card stack"><p>${counted(entries.length, "server")} could not be looked up, so what follows is not the whole of it:</p><ul>${items}</ul>
<p class="soft"><code>portcullis scan</code> asks them what they really offer, on your machine.</p></div>`,
  );
}

function combinations(all: readonly ToxicCombination[]): Html {
  const cards = all.map(
    (
      one,
    ) => html`<article class="card stack"><p>${one.isBroken ? html`<span class="badge low">The policies below break it</span>` : html`<span class="badge critical">Stays open: decide yourself</span>`}</p>
<h3>${one.title}</h3><p class="prose">${sentence(one.why)}</p>
<div class="grid">${one.parts.map(part)}</div>
<p class="prose"><strong>To change it:</strong> ${sentence(one.change)}</p></article>`,
  );
  return section("combinations", "Dangerous together", html`${cards}`);
}

function part({ capability, tools, total }: CombinationPart): Html {
  const left = total - tools.length;
  const items = tools.map(
    ({ server, tool, reason }) =>
      html`<li>${linked(toolPath(server, tool), nameOf(tool), "mono")} <span class="note">${lineOf(reason.means)}</span></li>`,
  );
  return html`<div><strong>${CAPABILITY_TEXT[capability]}</strong><ul>${items}</ul>${left > 0 && html`<p class="note">and ${left} more</p>`}</div>`;
}

function worst({ report }: StackView): Html {
  const total = totalOf(report.counts);
  const rows = report.worst.map(
    ({ server, tool, verdict }) =>
      html`<li><div>${linked(toolPath(server, tool.name), nameOf(tool.name), "name mono")} <span class="from">${nameOf(server)}</span></div>${verdictChips(verdict)}</li>`,
  );
  return section(
    "worst",
    "The worst first",
    html`<ul class="rows" aria-label="Most dangerous tools">${rows}</ul>
${report.worst.length < total && html`<p class="note">The ${report.worst.length} worst of ${total}. <a href="#all">All of them, by server</a></p>`}`,
  );
}

function policies({ members, report }: StackView, base: string): Html {
  const items = members.flatMap(({ facts, tools }, at) => {
    const policy = report.servers.find(({ server }) => server === facts.name);
    if (policy === undefined || tools.length === 0) return [];
    const block = control({
      id: `policy-${at + 1}`,
      server: facts,
      base,
      policyPath: `${serverPath(facts.name)}/policy.json`,
      json: policy.json,
      label: html`Policy for <code>${nameOf(facts.name)}</code>`,
      notes: policy.warnings.map(({ text }) => sentence(text)),
    });
    return [
      html`<details><summary>${nameOf(facts.name)} <span class="soft">${counted(tools.length, "tool")}</span></summary><div class="stack">${block}</div></details>`,
    ];
  });
  return section(
    "policies",
    "One policy per server",
    html`<p class="prose soft">A grant names one policy per server; everything that a policy does not name is denied.</p>
<p class="prose soft">For the servers in the files of your clients, <code>portcullis init</code> does all that follows at once, with their own arguments and keys, and <code>portcullis restore</code> undoes it.</p><div class="faq">${items}</div>`,
  );
}

const WHAT_YOU_GET: Html = html`<div class="card stack"><h3>What you get</h3><ul>
<li>Everything that the agents can call, counted, the worst first</li>
<li>Tools that are dangerous together: private data, what strangers write, and a way out</li>
<li>One policy per server, to copy, to download, and the commands that put it into force</li></ul></div>`;

/** Tools listed per server. */
const MAX_LISTED = 200;

function everything(members: readonly StackMember[]): Html {
  const lists = members.map(({ facts, tools }) => {
    const rows = tools
      .slice(0, MAX_LISTED)
      .map(
        ({ definition, verdict }) =>
          html`<li><div>${linked(toolPath(facts.name, definition.name), nameOf(definition.name), "name mono")}</div>${verdictChips(verdict)}</li>`,
      );
    const left = facts.tools - rows.length;
    return html`<details><summary>${nameOf(facts.name)} <span class="soft">${counted(facts.tools, "tool")}</span></summary><div class="stack"><ul class="rows">${rows}</ul>${left > 0 && html`<p class="note"><a href="${serverPath(facts.name)}">${counted(left, "tool")} more</a></p>`}</div></details>`;
  });
  return section("all", "Everything they can call", html`<div class="faq">${lists}</div>`);
}

function forms(members: readonly StackMember[], { added, problem }: StackPageOptions): Html {
  const names = members.map(({ facts }) => facts.name);
  const kept = names.map((name) => html`<input type="hidden" name="server" value="${name}">`);
  const hits = added?.hits ?? [];
  const adds = hits.map(
    ({ server, summary }) =>
      html`<li><div><a class="name mono" href="${stackPath([...names, server])}"><span class="hidden">Add </span>${nameOf(server)}</a></div><div class="chips"><span class="chip" aria-hidden="true">Add</span></div>${summary !== undefined && html`<p>${lineOf(summary)}</p>`}</li>`,
  );
  const nothing =
    added !== undefined &&
    added.words !== "" &&
    hits.length === 0 &&
    html`<p class="note" role="status">No server matches <bdi>${nameOf(added.words)}</bdi>.</p>`;
  return section(
    "more",
    names.length === 0 ? "Name your servers" : "Add more",
    html`<div class="forms">
<form class="card stack" action="${CATALOGUE}/stack" method="post" enctype="multipart/form-data">${kept}
<h3>From a file</h3>
<div class="field"><label for="config">Paste an mcp.json</label><textarea id="config" name="config" spellcheck="false" autocomplete="off" placeholder='{ "mcpServers": { … } }'${problem !== undefined && html` aria-describedby="problem"`}></textarea></div>
<div class="field"><label for="file">Or drop the file here</label><input id="file" name="file" type="file" accept=".json,.jsonc,application/json"></div>
<p><button class="main" type="submit">Show what they can do</button></p>
<p class="note">Of Claude, Cursor, VS Code, Windsurf or Zed. Only names, packages and hosts are read out of it; the rest is forgotten, and nothing is stored.</p></form>
<div class="stack"><div class="card stack"><h3>By name</h3>
<form class="search" action="${CATALOGUE}/stack" method="get">${kept}<div class="field"><label for="add">Add a server of the index</label>
<div class="row"><input id="add" name="add" type="search" maxlength="200" value="${added?.words ?? ""}" placeholder="filesystem, postgres …" data-suggest="server"><button type="submit">Add</button></div></div></form>
${nothing}${adds.length > 0 && html`<ul class="rows" aria-label="Servers to add">${adds}</ul>`}</div>
${names.length === 0 && WHAT_YOU_GET}</div></div>`,
  );
}
