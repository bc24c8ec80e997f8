// Keeps the page as it is now: asks once a second what has changed, puts the changed parts in the
// place of the old ones, and counts ages. Everything can be read without it.
"use strict";
(() => {
  const EVERY = 1000, AGAIN = 3000, PATIENCE = 10000; // milliseconds
  const main = document.querySelector("main[data-have]");
  if (!main) return;
  const $ = (id) => document.getElementById(id);
  const have = new Map(main.dataset.have.split(",").map((one) => one.split(".")));
  let skew = 0, headline = $("health").dataset.headline, heard = Date.now(), lost = false, timer;

  // Ages. The server's clock counts, not the reader's.
  const age = (seconds) => {
    const s = Math.round(seconds);
    if (s < 0) return `in ${s > -3600 ? `${Math.ceil(-s / 60)} min` : `${Math.round(-s / 3600)} h`}`;
    if (s < 2) return "now";
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    return s < 86400 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86400)} days ago`;
  };
  const ages = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = (Date.now() + skew - Date.parse(time.dateTime)) / 1000;
      const text = Math.abs(seconds) < 3 * 86400 ? age(seconds) : time.textContent;
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // One day of a calendar can be reached with Tab, the others with the arrows.
  const days = (table) => [...table.querySelectorAll("a.day")];
  const rove = (table, day) => {
    for (const one of days(table)) one.tabIndex = -1;
    if (day) day.tabIndex = 0;
  };
  const settle = (root) => {
    for (const table of root.querySelectorAll("table.year")) {
      const all = days(table);
      rove(table, table.querySelector("[aria-current]") || all[all.length - 1]);
    }
  };
  const step = (day, key) => {
    const all = days(day.closest("table")), at = all.indexOf(day);
    const cell = day.parentElement, row = cell.parentElement;
    const beside = (next) => next && next.cells[cell.cellIndex]?.querySelector("a.day");
    return {
      ArrowLeft: all[at - 1], ArrowRight: all[at + 1], Home: all[0], End: all[all.length - 1],
      ArrowUp: beside(row.previousElementSibling), ArrowDown: beside(row.nextElementSibling),
    }[key];
  };
  main.addEventListener("keydown", (event) => {
    const day = event.target.closest("a.day");
    const next = day && !event.ctrlKey && !event.metaKey && !event.altKey && step(day, event.key);
    if (!next) return;
    event.preventDefault();
    rove(day.closest("table"), next);
    next.focus();
  });
  // What a day says to a screen reader is shown to a pointer too.
  main.addEventListener("pointerover", (event) => {
    const day = event.target.closest("a.day");
    if (day && !day.title) day.title = day.getAttribute("aria-label");
  });

  // What the reader was at in a part stays as it was: focus, what is unfolded.
  const put = (name, part) => {
    const old = $(name), at = document.activeElement;
    const focus = old.contains(at) ? at.getAttribute("href") || at.parentElement.id : null;
    const open = [...old.querySelectorAll("details[open]")].map((one) => one.id);
    const made = document.createElement("template");
    made.innerHTML = part.html;
    const fresh = made.content.firstElementChild;
    for (const id of open) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    settle(fresh);
    old.replaceWith(fresh);
    have.set(name, part.digest);
    if (focus === null) return;
    const same = [...fresh.querySelectorAll("a, summary")].find(
      (one) => one.getAttribute("href") === focus || (focus && one.parentElement.id === focus));
    const table = same?.matches("a.day") && same.closest("table");
    if (table) rove(table, same);
    same?.focus({preventScroll: true});
  };

  const show = (found) => {
    skew = Date.parse(found.now) - Date.now();
    heard = Date.now();
    for (const [name, part] of Object.entries(found.parts)) put(name, part);
    if (document.title !== found.title) document.title = found.title;
    if ($("icon").href !== found.icon) $("icon").href = found.icon;
    const said = $("health").dataset.headline;
    if (said !== headline) $("spoken").textContent = headline = said;
    $("asof").hidden = true;
    if (lost) {
      lost = false;
      $("lost").hidden = true;
      document.body.classList.remove("gone");
    }
  };
  const miss = () => {
    if (lost || Date.now() - heard < 2 * AGAIN) return;
    lost = true;
    document.body.classList.add("gone");
    document.title = "✕ No answer · giddyup-watch";
    $("lost").textContent =
      `The daemon has not answered since ${new Date(heard).toLocaleTimeString()}. ` +
      "Is it running? systemctl status giddyup-watch. What follows is what it said last.";
    $("lost").hidden = false;
  };

  const poll = async () => {
    clearTimeout(timer);
    if (document.hidden) return; // and on again when it is seen
    let wait = EVERY;
    try {
      const known = [...have].map((one) => one.join(".")).join(",");
      const answer = await fetch(`/live?year=${main.dataset.year}&have=${known}`, {
        cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
      });
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.json());
    } catch {
      miss();
      wait = AGAIN;
    }
    ages();
    clearTimeout(timer);
    timer = setTimeout(poll, wait);
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    heard = Math.max(heard, Date.now() - AGAIN); // while it was hidden nobody asked
    poll();
  });
  settle(document);
  ages();
  poll();
})();
