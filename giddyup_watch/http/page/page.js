// Keeps the page as it is now: asks once a second what has changed, changes just that, counts
// ages, and shows the why of a day in place. Everything can be read without it.
"use strict";
(() => {
  const EVERY = 1000, AGAIN = 1500, LOST = 4000, PATIENCE = 8000; // milliseconds
  const ABSOLUTE = 3 * 86400; // seconds after which an age says less than a date
  const $ = (id) => document.getElementById(id);
  const main = $("main");
  document.documentElement.classList.add("js");

  // --- ages, by the server's clock
  let skew = 0;
  const age = (seconds) => {
    const s = Math.round(seconds);
    if (s < -1) return s > -5400 ? `in ${Math.ceil(-s / 60)} min` : `in ${Math.round(-s / 3600)} h`;
    if (s < 2) return "now";
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
    return s < 2 * 86400 ? "a day ago" : `${Math.floor(s / 86400)} days ago`;
  };
  const count = (root) => {
    for (const time of root.querySelectorAll("time[data-said]")) {
      const seconds = (Date.now() + skew - Date.parse(time.dateTime)) / 1000;
      const text = Math.abs(seconds) < ABSOLUTE ? age(seconds) : time.dataset.said;
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // --- commands and links to copy
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch { // not on this address: mark it, Ctrl-C does the rest
      getSelection().selectAllChildren(button.previousElementSibling || button);
      button.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  // --- one day of a calendar is reached with Tab, the others with the arrows
  const days = (table) => [...table.querySelectorAll("a.day")];
  const rove = (table, day) => {
    for (const one of table.querySelectorAll('a.day[tabindex="0"]')) one.tabIndex = -1;
    day.tabIndex = 0;
  };
  const settle = (root) => {
    for (const table of root.querySelectorAll("table.year")) {
      const all = days(table);
      for (const one of all) if (!one.hasAttribute("tabindex")) one.tabIndex = -1;
      if (all.length && !all.some((one) => one.tabIndex === 0)) {
        rove(table, table.querySelector("[aria-current]") || all[all.length - 1]);
      }
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

  // --- the why of a day, in place
  let sheet = null, whose = 0;
  const openSheet = () => {
    if (!sheet) {
      sheet = document.createElement("dialog");
      sheet.id = "sheet";
      sheet.setAttribute("aria-labelledby", "why-title");
      document.body.append(sheet);
      sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
      sheet.addEventListener("close", () => { whose += 1; sheet.replaceChildren(); });
    }
    if (!sheet.open) sheet.showModal();
  };
  const tell = async (href) => {
    const mine = whose += 1;
    try {
      const answer = await fetch(href, {cache: "no-store", signal: AbortSignal.timeout(PATIENCE)});
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== whose) return; // another was asked for since
      const bar = document.createElement("p"), link = document.createElement("a");
      const share = document.createElement("button"), close = document.createElement("button");
      bar.className = "bar-of-sheet";
      link.href = href;
      link.textContent = "Page of its own";
      share.className = "copy";
      share.dataset.copy = link.href;
      share.textContent = "Copy";
      share.setAttribute("aria-label", "Copy the link to this day");
      close.className = "close";
      close.textContent = "Close";
      bar.append(link, share, close);
      const told = found.querySelector("section.why");
      count(told);
      openSheet();
      sheet.replaceChildren(bar, told);
      sheet.scrollTop = 0;
      close.focus();
    } catch {
      if (mine === whose) location.href = href; // the browser says it better
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".copy")) copy(button);
    if (button?.matches(".close")) sheet.close();
    const link = event.target.closest("a[href^='/']");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || !main.dataset.have || link.closest(".bar-of-sheet")) return;
    if (link.pathname.startsWith("/why/")) {
      event.preventDefault();
      if (link.matches("a.day")) rove(link.closest("table"), link);
      tell(link.pathname);
    }
  });

  // --- change what has changed, and nothing else: focus, selection, scroll and what is open stay
  const key = (node) => node.id || node.dataset?.key || "";
  const mine = (node, name) => // attributes that the reader, or this script, decides
    (name === "open" && node.matches("details")) ||
    ((name === "tabindex" || name === "title") && node.matches("a.day"));
  const morph = (old, fresh) => {
    if (old.nodeName !== fresh.nodeName || (old.nodeType === 1 && key(old) !== key(fresh))) {
      old.replaceWith(fresh);
    } else if (old.nodeType !== 1) {
      if (old.data !== fresh.data) old.data = fresh.data;
    } else {
      for (const {name} of [...old.attributes]) {
        if (!fresh.hasAttribute(name) && !mine(old, name)) old.removeAttribute(name);
      }
      for (const {name, value} of fresh.attributes) {
        if (old.getAttribute(name) !== value && !mine(old, name)) old.setAttribute(name, value);
      }
      if (!old.matches("time[data-said], .copy")) morphChildren(old, fresh);
    }
  };
  const morphChildren = (old, fresh) => {
    const wanted = new Set([...fresh.children].map(key));
    const there = new Map([...old.children].filter(key).map((one) => [key(one), one]));
    let at = old.firstChild;
    const next = () => { at = at.nextSibling; };
    for (const want of [...fresh.childNodes]) {
      while (at && key(at) && !wanted.has(key(at))) {
        const gone = at;
        next();
        gone.remove();
      }
      const same = key(want) ? there.get(key(want)) : at && !key(at) ? at : null;
      if (!same) {
        old.insertBefore(want, at);
      } else {
        if (same === at) next();
        else old.insertBefore(same, at);
        morph(same, want);
      }
    }
    while (at) {
      const gone = at;
      next();
      gone.remove();
    }
  };
  const put = (name, part) => {
    const made = document.createElement("template");
    made.innerHTML = part.html;
    const fresh = made.content.firstElementChild;
    if ($(name)) morph($(name), fresh);
    else $("calendars").append(fresh);
  };

  // --- asking
  const have = new Map((main.dataset.have || "").split(",").map((one) => one.split(".")));
  let headline = $("health")?.dataset.headline, heard = Date.now(), since = heard, lost = false;
  let timer, asking = null;

  const pulse = (live) => {
    const said = live ? "Live" : "No answer";
    if ($("pulse").textContent !== said) $("pulse").textContent = said;
    $("pulse").className = live ? "quiet live" : "quiet dead";
  };
  const show = (found) => {
    if (found.version !== main.dataset.version) {
      location.reload(); // the daemon was updated, and this script is not its own any more
      return;
    }
    skew = Date.parse(found.now) - Date.now();
    since = heard = Date.now();
    for (const [name, part] of Object.entries(found.parts)) {
      put(name, part);
      have.set(name, part.digest);
    }
    for (const name of [...have.keys()]) {
      if (!found.names.includes(name)) {
        $(name)?.remove();
        have.delete(name);
      }
    }
    if (Object.keys(found.parts).length) settle($("calendars"));
    if (document.title !== found.title) document.title = found.title;
    if ($("icon").href !== found.icon) $("icon").href = found.icon;
    const said = $("health").dataset.headline;
    if (said !== headline) $("spoken").textContent = headline = said;
    lost = false;
    $("lost").hidden = true;
    document.body.classList.remove("gone");
    pulse(true);
  };
  const miss = (why) => {
    if (lost || Date.now() - since < LOST) return;
    lost = true;
    document.body.classList.add("gone");
    document.title = "✕ No answer · giddyup-watch";
    $("icon").href = $("icon").dataset.lost;
    $("lost").textContent =
      `The daemon has not answered since ${new Date(heard).toLocaleTimeString()}${why}. ` +
      "Is it running? systemctl status giddyup-watch. What follows is what it said last.";
    $("lost").hidden = false;
    pulse(false);
  };
  const ask = async (signal) => {
    const known = [...have].map((one) => one.join(".")).join(",");
    const year = main.dataset.year ? `year=${main.dataset.year}&` : "";
    const answer = await fetch(`/live?${year}have=${known}`, {cache: "no-store", signal});
    if (!answer.ok) throw new Error(`: it answers ${answer.status}`);
    return answer.json();
  };
  const poll = async () => {
    clearTimeout(timer);
    asking?.abort();
    if (document.hidden) return; // and on again when it is seen
    const mine = asking = new AbortController();
    const patience = setTimeout(() => mine.abort(), PATIENCE);
    let wait = EVERY;
    try {
      const found = await ask(mine.signal);
      if (mine === asking) show(found);
    } catch (error) {
      if (mine !== asking) return; // asked anew meanwhile
      miss(error.message.startsWith(": ") ? error.message : "");
      wait = AGAIN;
    } finally {
      clearTimeout(patience);
    }
    if (mine !== asking) return;
    count(document);
    timer = setTimeout(poll, wait);
  };
  const wake = () => {
    since = Date.now() - EVERY; // nobody asked while it was hidden or asleep
    count(document);
    poll();
  };

  count(document);
  if (!main.dataset.have) return; // a page of one day is not live
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
    if (day) day.title = day.getAttribute("aria-label");
  });
  document.addEventListener("visibilitychange", wake);
  for (const name of ["online", "pageshow"]) addEventListener(name, wake);
  document.addEventListener("resume", wake);
  setInterval(() => { if (!document.hidden) count(document); }, EVERY);
  settle(document);
})();
