// Comfort only: every page works without this file.
"use strict";
(() => {
  // After a refused form, the summary of mistakes takes the focus.
  const faults = document.getElementById("faults");
  if (faults) faults.focus();

  // The cut-off slider moves the figures without loading the page again.
  const form = document.querySelector("form[data-moment]");
  const moves = document.getElementById("moves");
  if (!form || !moves) return;
  const run = form.querySelector(".run");
  const range = run.querySelector("input");
  const date = form.elements.namedItem("cutoff");
  const position = form.elements.namedItem("as_of");
  run.hidden = false;

  const DAY = 86400000;
  const first = Date.parse(range.dataset.first + "T00:00:00Z");
  const toDay = (offset) => new Date(first + offset * DAY).toISOString().slice(0, 10);
  const toOffset = (day) => Math.round((Date.parse(day + "T00:00:00Z") - first) / DAY);

  let wanted = 0;
  let running = false;
  let again = false;

  async function show() {
    if (running) { again = true; return; }
    running = true;
    const mine = ++wanted;
    const query = new URLSearchParams({ cutoff: date.value, lang: document.documentElement.lang });
    if (position.value) query.set("as_of", position.value);
    try {
      const answer = await fetch(form.dataset.moment + "?" + query, { headers: { accept: "application/json" } });
      if (answer.ok && mine === wanted) {
        const moment = await answer.json();
        moves.innerHTML = moment.html;
        moves.dataset.cutoff = moment.cutoff;
        const page = new URLSearchParams(location.search);
        page.set("cutoff", date.value);
        if (position.value) page.set("as_of", position.value); else page.delete("as_of");
        history.replaceState(null, "", "?" + page);
        for (const shown of document.querySelectorAll("[data-cutoff-shown]")) shown.textContent = moment.cutoff;
      }
    } catch (_) {
      // The button still works.
    } finally {
      running = false;
      if (again) { again = false; show(); }
    }
  }

  range.addEventListener("input", () => {
    date.value = toDay(Number(range.value));
    range.setAttribute("aria-valuetext", date.value);
    show();
  });
  date.addEventListener("change", () => {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date.value) || Number.isNaN(toOffset(date.value))) return;
    range.value = String(toOffset(date.value));
    show();
  });
})();
