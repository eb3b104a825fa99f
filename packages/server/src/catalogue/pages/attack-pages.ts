import {
  ATTACKS,
  type AttackCase,
  type AttackPattern,
  type Defence,
  policyText,
} from "@portcullis/catalogue";
import type { Hono } from "hono";
import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { categoryChip, codeBlock, section } from "./parts.ts";
import { attackPath, CATALOGUE, fromSegment } from "./paths.ts";
import { type Bindings, redirectToCanonical, replyPage } from "./reply.ts";
import { sentence } from "./sentence.ts";
import type { Site } from "./site-parts.ts";
import { ARGUMENT_TEXT, CAPABILITY_TEXT, MODIFIER_TEXT } from "./words.ts";

/** `/catalogue/attacks` and `/catalogue/attacks/<slug>`. */
export function addAttackPages(app: Hono<{ Bindings: Bindings }>, site: Site): void {
  app.get(`${CATALOGUE}/attacks`, (c) => replyPage(c, site, attackIndex()));
  app.get(`${CATALOGUE}/attacks/:slug`, (c) => {
    const attack = findAttack(fromSegment(c.req.param("slug")));
    if (attack === undefined) return c.notFound();
    return redirectToCanonical(c, attackPath(attack.slug)) ?? replyPage(c, site, attackPage(attack));
  });
}

/** The pattern of this name. */
export function findAttack(slug: string | undefined): AttackPattern | undefined {
  return ATTACKS.find((attack) => attack.slug === slug?.toLowerCase());
}

function attackIndex(): Page {
  const rows = ATTACKS.map(
    (attack) =>
      html`<li><div><a class="name" href="${attackPath(attack.slug)}">${attack.title}</a></div><div class="chips">${attack.policy !== undefined && html`<span class="chip">With a policy</span>`}</div><p>${sentence(attack.summary)}</p></li>`,
  );
  return {
    title: "Attacks on agents with tools",
    description:
      "How MCP tools are turned against their users, with documented cases, and what stops each attack.",
    path: `${CATALOGUE}/attacks`,
    place: "attacks",
    crumbs: [
      ["Catalogue", CATALOGUE],
      ["Attacks", undefined],
    ],
    main: html`<div class="head"><h1>Attacks on agents with tools</h1>
<p class="lead">${ATTACKS.length} patterns, each with its public sources, and what stops it.</p></div>
<div class="section"><ul class="rows" aria-label="Attack patterns">${rows}</ul></div>`,
  };
}

function attackPage(attack: AttackPattern): Page {
  const { title, summary, steps, cases, defences, policy, related } = attack;
  return {
    title,
    description: summary,
    path: attackPath(attack.slug),
    place: "attacks",
    crumbs: [
      ["Catalogue", CATALOGUE],
      ["Attacks", `${CATALOGUE}/attacks`],
      [title, undefined],
    ],
    main: html`<div class="head"><h1>${title}</h1><p class="lead">${sentence(summary)}</p>${needs(attack)}</div>
${section("how", "How it works", html`<ol class="steps prose">${steps.map((step) => html`<li><div>${sentence(step)}</div></li>`)}</ol>`)}
${section("cases", "Documented cases", html`<ul class="rows">${cases.map(caseRow)}</ul>`)}
${section("defence", "What stops it", html`<ul class="rows">${defences.map(defenceRow)}</ul>`)}
${
  policy !== undefined &&
  section(
    "policy-section",
    "A policy that stops it",
    html`<p class="prose soft">An example for a server with the tools that it names; yours have other names.</p>${codeBlock({ id: "policy", label: "Policy", text: policyText(policy), isTall: true })}`,
  )
}
${relatedTo(related)}`,
  };
}

function needs({ needs: { of, categories = [], ...others } }: AttackPattern): Html {
  if (of === "server") return html`<p class="note">Concerns every tool of every server.</p>`;
  const words = [
    ...(others.capabilities ?? []).map((one) => CAPABILITY_TEXT[one]),
    ...(others.modifiers ?? []).map((one) => MODIFIER_TEXT[one]),
    ...(others.arguments ?? []).map((one) => ARGUMENT_TEXT[one]),
  ];
  const chips = [...new Set(words)].map((word) => html`<span class="chip">${word}</span>`);
  return html`<p class="chips"><span class="note">Concerns a tool with one of these:</span>${categories.map(categoryChip)}${chips}</p>`;
}

const KIND: { readonly [K in AttackCase["kind"]]: string } = {
  incident: "Incident",
  vulnerability: "Vulnerability",
  research: "Research",
  specification: "Specification",
};

function caseRow({ what, when, kind, source, sourceTitle }: AttackCase): Html {
  return html`<li><div><a class="name" href="${source}" rel="noopener noreferrer">${sourceTitle}</a></div><div class="chips"><span class="chip">${KIND[kind]}</span><time datetime="${when}">${when}</time></div><p class="whole">${sentence(what)}</p></li>`;
}

const STATUS: { readonly [S in Defence["status"]]: string } = {
  now: "In this version",
  "not-yet": "Planned",
  outside: "Up to you",
};

function defenceRow({ text, status }: Defence): Html {
  return html`<li><div>${sentence(text)}</div><div class="chips"><span class="chip">${STATUS[status]}</span></div></li>`;
}

function relatedTo(slugs: readonly string[]): Html {
  const links = slugs
    .map(findAttack)
    .filter((attack) => attack !== undefined)
    .map(({ slug, title }) => html`<li><a class="chip" href="${attackPath(slug)}">${title}</a></li>`);
  return links.length === 0
    ? html``
    : section("related", "Related patterns", html`<ul class="chips">${links}</ul>`);
}
