/**
 * The one script: copy buttons and suggestions while typing. Pages work without it, so buttons that need it are hidden
 * until it runs. It writes text only, never markup, so that the browser can forbid the rest (`trusted-types 'none'`).
 */
export const SCRIPT = `"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

for (const input of document.querySelectorAll("input[data-suggest]")) suggest(input);

function suggest(input) {
  const list = document.createElement("div");
  list.className = "suggest";
  list.id = input.id + "-list";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  input.closest(".search").append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", list.id], ["aria-autocomplete", "list"], ["autocomplete", "off"]])
    input.setAttribute(name, value);
  let timer;
  let asked;
  let active = -1;

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function show(hits) {
    list.replaceChildren(...hits.map((hit, at) => {
      const option = document.createElement("div");
      option.id = list.id + "-" + at;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.path = hit.path;
      option.dataset.server = hit.server;
      const name = document.createElement("span");
      const from = document.createElement("small");
      name.textContent = hit.label;
      from.textContent = hit.note;
      option.append(name, from);
      option.addEventListener("mousedown", (event) => { event.preventDefault(); go(option); });
      return option;
    }));
    list.hidden = hits.length === 0;
    active = -1;
    input.setAttribute("aria-expanded", String(hits.length > 0));
  }

  function go(option) {
    if (input.dataset.suggest === "any") return location.assign(option.dataset.path);
    input.value = option.dataset.server;
    input.form.requestSubmit();
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const words = input.value.trim();
    if (words.length < 2) return close();
    const query = new URLSearchParams({ q: words, limit: "8" });
    if (input.dataset.suggest !== "any") query.set("kind", input.dataset.suggest);
    try {
      const answer = await fetch("/api/v1/catalogue/search?" + query, { signal: asked.signal });
      if (answer.ok) show((await answer.json()).hits);
    } catch {
      close();
    }
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const options = list.children;
    if (event.key === "Escape") return close();
    if (list.hidden || options.length === 0) return;
    if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      go(options[active]);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    active = (active + step + options.length) % options.length;
    for (const [at, option] of [...options].entries()) option.setAttribute("aria-selected", String(at === active));
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  });
}
`;
