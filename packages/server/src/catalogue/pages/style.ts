/** The one style sheet. Colours come in pairs, light and dark; each text pair has a contrast of 4.5 or more (AA). */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fafaf8; --card: #ffffff; --sunk: #f2f3f1; --ink: #171a20; --soft: #565d68; --line: #e2e4e0;
  --rule: #c9cdc8; --accent: #1d4fc4; --accent-ink: #ffffff; --accent-wash: #eaf0fd;
  --low: #1a6b3c; --low-wash: #e6f4ea; --medium: #7a5200; --medium-wash: #fdf2d8;
  --high: #a3400b; --high-wash: #fdebdf; --critical: #b01730; --critical-wash: #fde8ea;
  --shadow: 0 1px 2px rgb(20 24 32 / 5%), 0 4px 16px rgb(20 24 32 / 4%);
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101216; --card: #171a20; --sunk: #1e222a; --ink: #e8eaef; --soft: #a4acb9; --line: #282d37;
    --rule: #3b424f; --accent: #8db1ff; --accent-ink: #0c1424; --accent-wash: #1a2439;
    --low: #7fd6a0; --low-wash: #14291d; --medium: #eec35f; --medium-wash: #2d2510;
    --high: #ffa873; --high-wash: #331e11; --critical: #ff95a2; --critical-wash: #371720;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.6 var(--sans);
  overflow-wrap: anywhere; display: flex; flex-direction: column; min-height: 100vh;
}
h1, h2, h3, p, ul, ol, dl, dd, figure, pre { margin: 0; padding: 0; }
h1 { font-size: clamp(1.65rem, 1.2rem + 2.2vw, 2.5rem); line-height: 1.15; letter-spacing: -0.022em; font-weight: 700; }
h2 { font-size: 1.375rem; line-height: 1.3; letter-spacing: -0.014em; font-weight: 650; }
h3 { font-size: 1.0625rem; line-height: 1.4; font-weight: 650; }
h1 code, h2 code { font-size: 0.92em; letter-spacing: -0.03em; background: none; border: 0; padding: 0; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre, kbd, .mono { font-family: var(--mono); font-size: 0.9em; }
a .mono, a.mono { text-underline-offset: 0.4em; }
code { background: var(--sunk); border: 1px solid var(--line); border-radius: 5px; padding: 0.08em 0.35em; }
mark { background: var(--medium-wash); color: var(--medium); border-radius: 3px; font-weight: 650; box-shadow: 0 0 0 0.12em var(--medium-wash); }
ul[class], ol[class] { list-style: none; }
ul:not([class]), ol:not([class]) { padding-inline-start: 1.25rem; }
.wrap { width: 100%; max-width: 74rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
.skip { position: absolute; left: -999rem; top: 0.5rem; background: var(--accent); color: var(--accent-ink); padding: 0.6rem 1rem; border-radius: 6px; z-index: 9; }
.skip:focus { left: 0.5rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
.note { color: var(--soft); font-size: 0.9rem; }
.soft { color: var(--soft); }
.prose { max-width: 44rem; }
.lead { font-size: 1.125rem; max-width: 44rem; color: var(--soft); }
.pre { white-space: pre-wrap; tab-size: 2; }
.stack, .section, .head, .side, .tile, .steps, .steps > li > div, .why, .why li, .faq, .field, .facts div { display: grid; grid-template-columns: minmax(0, 1fr); }
.stack { gap: 1rem; }
.unseen { font-family: var(--mono); font-size: 0.72em; background: var(--critical-wash); color: var(--critical); border: 1px solid; border-radius: 3px; padding: 0 0.25em; margin-inline: 0.1em; white-space: nowrap; }

.top { border-bottom: 1px solid var(--line); background: var(--card); }
.top .wrap { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem 1.75rem; padding-block: 0.8rem; }
.brand { display: inline-flex; align-items: center; gap: 0.6rem; font-weight: 700; letter-spacing: -0.01em; color: var(--ink); text-decoration: none; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
.top ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.top nav a { color: var(--soft); text-decoration: none; padding-block: 0.35rem; display: inline-block; font-size: 0.95rem; }
.top nav a:hover { color: var(--ink); text-decoration: underline; }
.top nav a[aria-current] { color: var(--ink); font-weight: 600; box-shadow: 0 2px 0 var(--accent); }
.top search { margin-inline-start: auto; flex: 0 1 19rem; }
main { flex: 1; padding-block: clamp(1.5rem, 4vw, 3rem) 4rem; outline: none; }
.foot { border-top: 1px solid var(--line); background: var(--card); color: var(--soft); font-size: 0.9rem; }
.foot .wrap { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; justify-content: space-between; padding-block: 1.5rem; }
.foot ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
.foot a { color: inherit; }
.crumbs { margin-bottom: 1.25rem; font-size: 0.9rem; color: var(--soft); }
.crumbs ol { display: flex; flex-wrap: wrap; gap: 0.1rem 0.5rem; }
.crumbs li + li::before { content: "/" / ""; color: var(--rule); margin-inline-end: 0.5rem; }
.crumbs a { color: inherit; }

.search { position: relative; }
.search .row, .row { display: flex; gap: 0.5rem; }
::placeholder { color: var(--soft); opacity: 1; }
::file-selector-button { font: inherit; font-weight: 600; color: var(--ink); background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 0.4rem 0.9rem; margin-inline-end: 0.9rem; cursor: pointer; }
input[type=search], input[type=email], input[type=text], textarea, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
  padding: 0.5rem 0.75rem; width: 100%; min-width: 0;
}
input[type=search]:focus-visible, textarea:focus-visible, select:focus-visible, input:focus-visible { outline-offset: 0; }
textarea { font-family: var(--mono); font-size: 0.875rem; line-height: 1.5; min-height: 11rem; resize: vertical; }
input[type=file] { width: 100%; padding: 1.25rem 1rem; border: 2px dashed var(--rule); border-radius: 10px; background: var(--sunk); font: inherit; color: var(--soft); cursor: pointer; }
.button, button {
  font: inherit; font-weight: 600; font-size: 0.95rem; border-radius: 8px; padding: 0.5rem 1rem; cursor: pointer;
  border: 1px solid var(--rule); background: var(--card); color: var(--ink); text-decoration: none;
  display: inline-flex; align-items: center; justify-content: center; gap: 0.4rem; white-space: nowrap; line-height: 1.5;
}
.button:hover, button:hover { border-color: var(--soft); }
.button.main, button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
.button.small, button.small { font-size: 0.85rem; padding: 0.25rem 0.7rem; }
.big input[type=search] { font-size: 1.125rem; padding: 0.8rem 1rem; }
.big button { padding-inline: 1.5rem; }
.suggest { position: absolute; inset-inline: 0; top: calc(100% + 0.35rem); z-index: 5; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; box-shadow: 0 12px 32px rgb(0 0 0 / 18%); max-height: 22rem; overflow: auto; padding: 0.35rem; min-width: min(20rem, 90vw); }
.suggest [role=option] { padding: 0.5rem 0.65rem; border-radius: 6px; cursor: pointer; display: grid; }
.suggest [role=option] small { color: var(--soft); }
.suggest [aria-selected=true], .suggest [role=option]:hover { background: var(--accent-wash); }
`;

/** What pages are made of. */
export const STYLE_PARTS = `
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.1rem, 3vw, 1.75rem); box-shadow: var(--shadow); }
.section { margin-top: 3rem; gap: 1rem; }
.section > *, .card > *, .stack > * { min-width: 0; }
.head { gap: 0.9rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.grid.five { grid-template-columns: repeat(auto-fit, minmax(min(11.5rem, 100%), 1fr)); }
.five .card { padding: 1.1rem 1.25rem; }
.grid > * { min-width: 0; }
.tile { height: 100%; gap: 0.4rem; align-content: start; text-decoration: none; color: inherit; transition: border-color 120ms; }
a.tile:hover { border-color: var(--accent); }
.tile strong { font-size: 1.0625rem; }
.figure { font-size: 2rem; line-height: 1.1; font-weight: 700; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.two { display: grid; gap: 2.5rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 62rem) { .two { grid-template-columns: minmax(0, 1fr) 18rem; gap: 3.5rem; } .side { position: sticky; top: 1.5rem; align-self: start; } }
.side { gap: 1.75rem; align-content: start; }
.toc { display: grid; gap: 0.25rem; font-size: 0.95rem; }
.toc a { text-decoration: none; }
.toc a:hover { text-decoration: underline; }
.side h2 { font-size: 0.8rem; text-transform: uppercase; letter-spacing: 0.06em; color: var(--soft); }

.badge { display: inline-flex; align-items: center; gap: 0.5em; font-size: 0.85rem; font-weight: 650; line-height: 1.3; padding: 0.22em 0.7em; border-radius: 999px; white-space: nowrap; border: 1px solid transparent; }
.badge.large { font-size: 0.95rem; padding: 0.35em 0.9em; }
.low { color: var(--low); background: var(--low-wash); }
.medium { color: var(--medium); background: var(--medium-wash); }
.high { color: var(--high); background: var(--high-wash); }
.critical { color: var(--critical); background: var(--critical-wash); }
.bars { --off: color-mix(in srgb, currentColor 28%, transparent); --2: var(--off); --3: var(--off); --4: var(--off); }
.bars.medium, .bars.high, .bars.critical { --2: currentColor; }
.bars.high, .bars.critical { --3: currentColor; }
.bars.critical { --4: currentColor; }
.bars::before { content: ""; flex: none; width: 1.05em; height: 0.85em; background: linear-gradient(currentColor 0 0) 0 100% / 20% 30%, linear-gradient(var(--2) 0 0) 33% 100% / 20% 53%, linear-gradient(var(--3) 0 0) 67% 100% / 20% 76%, linear-gradient(var(--4) 0 0) 100% 100% / 20% 100%; background-repeat: no-repeat; }
.chips { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
.chip { font-size: 0.85rem; border: 1px solid var(--rule); border-radius: 999px; padding: 0.15em 0.7em; color: var(--soft); }
a.chip:hover { color: var(--ink); border-color: var(--soft); }
.chip[aria-current] { background: var(--ink); color: var(--page); border-color: var(--ink); }
a.chip { text-decoration: none; }

.remove { display: inline-grid; place-items: center; min-width: 1.75rem; min-height: 1.75rem; border-radius: 50%; color: var(--soft); text-decoration: none; }
.remove:hover { background: var(--critical-wash); color: var(--critical); }

.bar { display: block; width: 100%; height: 0.7rem; border-radius: 99px; background: var(--sunk); }
.bar rect { fill: currentColor; stroke: var(--card); stroke-width: 0.4; }
.bar .low, .dot.low { color: var(--low); } .bar .medium, .dot.medium { color: var(--medium); }
.bar .high, .dot.high { color: var(--high); } .bar .critical, .dot.critical { color: var(--critical); }
.bar .plain, .dot.plain { color: color-mix(in srgb, var(--critical) 55%, var(--ink)); }
.dot { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 3px; background: currentColor; margin-inline-end: 0.45em; }
.key { display: flex; flex-wrap: wrap; gap: 0.35rem 1.5rem; font-size: 0.9rem; }
.key b { font-variant-numeric: tabular-nums; }

.rows { border: 1px solid var(--line); border-radius: 12px; background: var(--card); overflow: hidden; }
.rows > li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.2rem 1rem; align-items: start; padding: 0.85rem 1.1rem; position: relative; }
.rows > li + li { border-top: 1px solid var(--line); }
.rows > li:hover { background: color-mix(in srgb, var(--accent-wash) 45%, transparent); }
.rows a.name { font-weight: 600; text-decoration: none; }
.rows a.name:hover { text-decoration: underline; }
.rows a.name::after { content: ""; position: absolute; inset: 0; }
.rows p { grid-column: 1 / -1; color: var(--soft); font-size: 0.925rem; max-width: 52rem; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
.rows p.whole { display: block; }
.rows time { font-size: 0.9rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.rows .from { font-size: 0.85rem; color: var(--soft); font-weight: 400; }

.facts { display: grid; gap: 0.65rem; font-size: 0.925rem; }
.facts div { gap: 0.05rem; }
.facts dt { color: var(--soft); font-size: 0.85rem; }
.facts dd { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 0.925rem; }
caption { text-align: start;  color: var(--soft); font-size: 0.9rem; padding-bottom: 0.5rem; }
th, td { text-align: start; vertical-align: top; padding: 0.7rem 1rem 0.7rem 0; border-bottom: 1px solid var(--line); }
thead th { font-size: 0.85rem; color: var(--soft); font-weight: 600; padding-block: 0.4rem; }
tbody th { font-weight: 600; width: 30%; }
td:last-child { padding-inline-end: 0; }
@media (max-width: 40rem) {
  .params thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .params, .params caption, .params tbody, .params tr { display: block; }
  .params tr { padding-block: 0.75rem; border-bottom: 1px solid var(--line); }
  .params th, .params td { display: block; width: auto; padding: 0.1rem 0; border: 0; }
}

.code { position: relative; }
.code pre { background: var(--sunk); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; overflow-x: auto; font-size: 0.85rem; line-height: 1.6; overflow-wrap: normal; white-space: pre; tab-size: 2; }
.code pre code { background: none; border: 0; padding: 0; font-size: inherit; }
.code figcaption { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; justify-content: space-between; margin-bottom: 0.5rem; font-size: 0.9rem; color: var(--soft); min-height: 2rem; }
.code.tall pre { max-height: 28rem; overflow-y: auto; }
.callout { border-inline-start: 4px solid var(--accent); background: var(--accent-wash); border-radius: 0 10px 10px 0; padding: 0.85rem 1.1rem; }
.callout.low { background: var(--low-wash); } .callout.medium { background: var(--medium-wash); }
.callout.high { background: var(--high-wash); } .callout.critical { background: var(--critical-wash); }
.callout.low, .callout.medium, .callout.high, .callout.critical { border-color: currentColor; }
.callout > * { color: var(--ink); }
.steps { counter-reset: step; gap: 1.75rem; }
.steps > li { counter-increment: step; display: grid; grid-template-columns: 2rem minmax(0, 1fr); gap: 0.6rem 0.9rem; }
.steps > li::before { content: counter(step) / ""; width: 2rem; height: 2rem; border-radius: 50%; display: grid; place-items: center; background: var(--accent-wash); color: var(--accent); font-weight: 700; font-size: 0.95rem; }
.steps > li > div { gap: 0.5rem; padding-top: 0.15rem; }
.faq { gap: 0.5rem; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
summary { cursor: pointer; padding: 0.75rem 1.1rem; font-weight: 600; border-radius: 10px; }
details > :not(summary) { padding: 0 1.1rem 1rem; }
details[open] > summary { padding-bottom: 0.4rem; }
.why { gap: 1rem; }
.why li { gap: 0.15rem; padding-inline-start: 1rem; border-inline-start: 3px solid var(--rule); }
.why blockquote { margin: 0; color: var(--soft); font-size: 0.95rem; }
.forms { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); align-items: start; }
.field { gap: 0.35rem; }
.field label { font-weight: 600; font-size: 0.95rem; }
.trap { position: absolute; left: -999rem; }
.pager { display: flex; gap: 0.75rem; flex-wrap: wrap; align-items: center; }
.timeline { display: grid; gap: 0.6rem; font-size: 0.925rem; }
.timeline li { display: flex; flex-wrap: wrap; gap: 0.1rem 0.75rem; }
.timeline time { color: var(--soft); font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { .top search { flex: 1 1 100%; margin: 0; } .rows > li { grid-template-columns: minmax(0, 1fr); } .rows .from { display: block; } .section { margin-top: 2.25rem; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }
@media (forced-colors: active) { .badge, .chip, .callout, mark { border: 1px solid; } }
@media print { .top search, .top nav, .foot, button, .search { display: none; } .card { box-shadow: none; } .code.tall pre { max-height: none; } }
`;
