// The queue's keys, its news, and what a browser would lose when the list is loaded anew.
"use strict";
(() => {
  const KEYS_OFF = "winback-keys-off";
  const list = () => document.getElementById("list");
  const rows = () => Array.from(document.querySelectorAll("a[data-row]"));
  const row = () => document.activeElement?.closest?.("li")?.querySelector("a[data-row]") ?? null;

  // Keys ------------------------------------------------------------------------------------------
  const typing = (place) => place.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;

  function step(by) {
    const all = rows(), at = all.indexOf(row());
    const to = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (to) { to.focus(); to.scrollIntoView({ block: "nearest" }); }
  }

  function open(details) {
    details.open = true;
    details.querySelector("textarea, select, input:not([type=hidden])")?.focus();
  }

  function use(key) {
    const place = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (place instanceof HTMLDetailsElement) open(place);
    else if (place instanceof HTMLElement) place.click();
    return place !== null;
  }

  const CARD = { a: "#approve", e: "#edit", r: "#reject", s: "#snooze" };

  function press(key) {
    if (use(key)) return true;
    if (!list()) return false;
    if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else if (key === "x") row()?.closest("li").querySelector("input[type=checkbox]")?.click();
    else if (key in CARD && row()) location.assign(row().href + CARD[key]);
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (!(event.target instanceof Element) || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (localStorage.getItem(KEYS_OFF) && event.key !== "?") return;
    if (event.key.length === 1 && press(event.key)) event.preventDefault();
  });

  // Help -------------------------------------------------------------------------------------------
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.hidden = false;
    button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
  }
  const on = document.getElementById("keys-on");
  if (on) {
    on.checked = !localStorage.getItem(KEYS_OFF);
    on.addEventListener("change", () => {
      if (on.checked) localStorage.removeItem(KEYS_OFF);
      else localStorage.setItem(KEYS_OFF, "1");
    });
  }

  // A card opened for something: what the list's keys ask for -----------------------------------------
  // After the load: going to the fragment takes the focus away.
  window.addEventListener("load", () => {
    const wanted = document.getElementById(location.hash.slice(1));
    if (wanted instanceof HTMLDetailsElement) open(wanted);
    else if (wanted instanceof HTMLButtonElement) wanted.focus();
  });

  // Ticks: one kind at a time --------------------------------------------------------------------------
  const ticks = () => Array.from(document.querySelectorAll("input[name=chosen]"));

  function oneKind() {
    const kind = ticks().find((one) => one.checked)?.dataset.kind;
    for (const one of ticks()) one.disabled = kind !== undefined && one.dataset.kind !== kind;
  }
  document.addEventListener("change", (event) => { if (event.target.name === "chosen") oneKind(); });

  // News ------------------------------------------------------------------------------------------------
  if (list() && window.htmx) {
    const source = new EventSource(`${list().dataset.source}?seen=${list().dataset.news}`);
    source.addEventListener("queue", () => htmx.trigger(list(), "changed"));
    window.addEventListener("pagehide", () => source.close());
    let ticked = new Set();
    document.body.addEventListener("htmx:beforeSwap", () => {
      ticked = new Set(ticks().filter((one) => one.checked).map((one) => one.value));
    });
    document.body.addEventListener("htmx:afterSettle", () => {
      for (const one of ticks()) one.checked = ticked.has(one.value);
      oneKind();
    });
  }
})();
