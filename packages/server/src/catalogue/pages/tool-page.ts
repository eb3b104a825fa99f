import type { ToolView } from "../api/tool-view.ts";
import { control } from "./control.ts";
import { evidenceList } from "./evidence.ts";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { readParameters } from "./parameters.ts";
import {
  capital,
  categoryChip,
  counted,
  day,
  factList,
  hitList,
  linked,
  lookalikeNote,
  riskBadge,
  section,
} from "./parts.ts";
import { attackPath, CATALOGUE, categoryPath, riskPath, serverPath, stackPath, toolPath } from "./paths.ts";
import { plainSentence, sentence } from "./sentence.ts";
import { headingOf, lineOf, nameOf, paragraphOf, SHOWN, shown, toVisible } from "./text.ts";
import { METHOD_TEXT, MODIFIER_TEXT } from "./words.ts";

/** `/catalogue/tools/<server>/<tool>`. */
export function toolPage(view: ToolView, base: string): Page {
  const { server, facts, recommendation } = view;
  const { definition } = facts;
  const name = toVisible(definition.name, { max: SHOWN.name });
  return {
    title: `${name}: risk and policy`,
    description: plainSentence(
      `${name} of ${server.name}. ${recommendation.rationale} ${recommendation.effect}`,
    ),
    path: toolPath(server.name, definition.name),
    crumbs: [
      ["Catalogue", CATALOGUE],
      [nameOf(server.name), serverPath(server.name)],
      [nameOf(definition.name), undefined],
    ],
    main: html`${head(view)}
<div class="two"><div>
${purpose(view)}${reasons(view)}${parameterTable(view)}${attacks(view)}${howToControl(view, base)}${questions(view)}${more(view)}
</div>${aside(view)}</div>`,
  };
}

function head({ facts: { definition, verdict }, recommendation }: ToolView): Html {
  const title = definition.title ?? definition.annotations?.title;
  const raised =
    verdict.severity !== verdict.risk &&
    html`<span class="badge ${verdict.severity}">Severity raised to ${verdict.severity}</span>`;
  return html`<div class="head">
<p class="chips">${riskBadge(verdict.risk, true)}${categoryChip(verdict.category)}${raised}</p>
<h1><code>${headingOf(definition.name)}</code></h1>
${title !== undefined && title !== definition.name && html`<p class="lead">${lineOf(title)}</p>`}
${lookalikeNote(definition.name)}
<p class="callout ${verdict.risk}"><span><strong>Recommended:</strong> ${sentence(recommendation.effect)} <a href="#control">How to control it</a></span></p>
</div>`;
}

function purpose({ facts: { definition } }: ToolView): Html {
  const { description } = definition;
  const text =
    description === undefined || description.trim() === ""
      ? html`<p class="prose soft">The index holds no description of it. Descriptions appear once the server is registered or scanned here.</p>`
      : html`${paragraphOf(description)}<p class="note">From the tool's definition, written by whoever made the server.</p>`;
  return section("what", "What it does", text);
}

function reasons({ facts: { definition, verdict }, recommendation }: ToolView): Html {
  const modifiers = verdict.modifiers.map(
    (modifier) => html`<li class="chip">${MODIFIER_TEXT[modifier]}</li>`,
  );
  return section(
    "why",
    "Why it needs a policy",
    html`<p class="prose">${sentence(recommendation.rationale)}</p>
${modifiers.length > 0 && html`<ul class="chips" aria-label="What makes it worse">${modifiers}</ul>`}
${evidenceList(definition, verdict.evidence)}
<p class="note">Severity ${verdict.severity}. Confidence ${Math.round(verdict.confidence * 100)} %: how much of the evidence agrees. Judged by rules ${verdict.rules}, from the tool's definition.</p>`,
  );
}

function parameterTable({ facts: { definition } }: ToolView): Html {
  const { rows, left } = readParameters(definition);
  if (rows.length === 0)
    return section("parameters", "Parameters", html`<p class="soft">Its schema names none.</p>`);
  const body = rows.map(
    (
      row,
    ) => html`<tr><th scope="row"><code>${nameOf(row.name)}</code>${row.isRequired && html` <span class="chip">required</span>`}</th>
<td class="soft">${shown(row.type, { max: SHOWN.name })}</td>
<td>${row.description !== undefined && lineOf(row.description)}${row.limits.length > 0 && html` <span class="note">${shown(capital(row.limits.join("; ")), { max: SHOWN.line })}.</span>`}</td></tr>`,
  );
  return section(
    "parameters",
    "Parameters",
    html`<table class="params"><caption>${counted(rows.length + left, "parameter")}, from its schema</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">What it is</th></tr></thead><tbody>${body}</tbody></table>
${left > 0 && html`<p class="note">${counted(left, "parameter")} more are not shown.</p>`}`,
  );
}

function attacks({ attacks: all }: ToolView): Html {
  const specific = all.filter(({ isSpecific }) => isSpecific);
  const general = all.filter(({ isSpecific }) => !isSpecific);
  if (all.length === 0) return html``;
  const rows = specific.map(
    ({ attack, why }) =>
      html`<li><div><a class="name" href="${attackPath(attack.slug)}">${attack.title}</a></div><p>${sentence(why)}</p></li>`,
  );
  const others = general.map(
    ({ attack }) => html`<li><a class="chip" href="${attackPath(attack.slug)}">${attack.title}</a></li>`,
  );
  return section(
    "attacks",
    "Attacks that use tools like it",
    html`${rows.length > 0 && html`<ul class="rows">${rows}</ul>`}
${others.length > 0 && html`<h3>Of every server</h3><ul class="chips">${others}</ul>`}`,
  );
}

function howToControl({ server, facts, policy, recommendation }: ToolView, base: string): Html {
  const { argumentRules, fill } = recommendation;
  const rules = argumentRules.map(({ text }) => html`<li>${sentence(text)}</li>`);
  const fills = fill.map(({ text }) => html`<li>${sentence(text)}</li>`);
  return section(
    "control",
    "How to control it",
    html`<p class="prose"><strong>With this policy:</strong> ${sentence(recommendation.effect)}</p>
${rules.length > 0 && html`<h3>Rules on its arguments</h3><ul>${rules}</ul>`}
${control({
  id: "policy",
  server,
  base,
  policyPath: `${toolPath(server.name, facts.definition.name)}/policy.json`,
  json: policy.json,
  label: html`Policy for <code>${nameOf(facts.definition.name)}</code> alone`,
  notes: [
    ...policy.warnings.map(({ text }) => sentence(text)),
    html`It denies every other tool of the server. To keep those usable, take <a href="${serverPath(server.name)}#policy-section">the policy for the whole server</a>.`,
  ],
})}
${fills.length > 0 && html`<h3>Worth adding, with values that only you know</h3><ul>${fills}</ul>`}`,
  );
}

function questions({ faq }: ToolView): Html {
  const items = faq.map(
    ({ question, answer }) =>
      html`<details><summary>${sentence(question)}</summary><p class="prose">${sentence(answer)}</p></details>`,
  );
  return section("faq", "Questions", html`<div class="faq">${items}</div>`);
}

function more({ server, facts: { verdict }, related, totals }: ToolView): Html {
  return html`${related.length > 0 && section("related", "Related tools and their policies", hitList(related, "Related tools"))}
${section(
  "deeper",
  "Go on",
  html`<div class="grid">
<a class="card tile" href="${stackPath([server.name])}"><strong>Start from this server</strong><span class="soft">Add the rest of your stack: see what the tools can do together.</span></a>
<a class="card tile" href="${serverPath(server.name)}"><strong>The whole server</strong><span class="soft">${counted(server.tools, "tool")}, one policy for all of them.</span></a>
<a class="card tile" href="${categoryPath(verdict.category)}"><strong>${verdict.category} tools</strong><span class="soft">${totals.counts[verdict.category].toLocaleString("en")} of the ${counted(totals.tools, "tool")} in the index.</span></a>
<a class="card tile" href="${riskPath(verdict.risk)}"><strong>${capital(verdict.risk)} risk tools</strong><span class="soft">What they have in common.</span></a>
</div>`,
)}`;
}

function aside({ server, facts, attacks: all }: ToolView): Html {
  const pack = server.package;
  return html`<aside class="side section" aria-label="Facts">
<nav class="stack" aria-labelledby="toc"><h2 id="toc">On this page</h2><ul class="toc">
<li><a href="#what">What it does</a></li><li><a href="#why">Why it needs a policy</a></li><li><a href="#parameters">Parameters</a></li>${all.length > 0 && html`<li><a href="#attacks">Attacks that use tools like it</a></li>`}<li><a href="#control">How to control it</a></li><li><a href="#faq">Questions</a></li></ul></nav>
<div class="stack"><h2>Facts</h2>${factList([
    ["Server", linked(serverPath(server.name), nameOf(server.name))],
    [
      "Package",
      pack !== undefined &&
        html`${nameOf(pack.name)}${pack.version !== undefined && html` ${nameOf(pack.version)}`} <span class="soft">(${pack.registry})</span>`,
    ],
    ["How it was found", METHOD_TEXT[server.method]],
    ["Looked at", day(server.seenAtMs)],
    ["First seen", day(facts.firstSeenMs)],
    ["Definition changed", day(facts.changedAtMs)],
    ["Definition hash", html`<code>${facts.definitionHash.slice(0, 16)}…</code>`],
    ["Risk", capital(facts.verdict.risk)],
    ["Severity", capital(facts.verdict.severity)],
    ["Confidence", `${Math.round(facts.verdict.confidence * 100)} %`],
  ])}</div></aside>`;
}
