"use strict";
/* Asks the server for the state at a position, and goes from one to another. What is shown is a function of the position,
   the task that is chosen, and the tab. */
const TOKEN = (() => {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname); /* so that it is not read off the screen */
  }
  return given || sessionStorage.getItem("token") || "";
})();
const KEYS = [
  ["← →", "a transition back, on"], [", .", "an instruction back, on"], ["c C", "the next call, the one before"],
  ["r R", "the next refusal, the one before"], ["f F", "the next fault, the one before"],
  ["s S", "the next switch to another task, the one before"], ["Home End", "to the start, to the end"],
  ["g", "write a position"], ["/ n N", "search calls; the next hit, the one before"], ["w", "an address in the memory of the task: go to the last write there"], ["1 … 6", "the tabs"],
  ["↑ ↓", "choose a task"], ["o", "only what is about the chosen task, in pictures"], ["t", "dark or light"], ["Esc", "back to the keys"],
];
const WAYS = { ArrowRight: ["transition", 0], ArrowLeft: ["transition", 1], ".": ["instruction", 0], ",": ["instruction", 1],
  Home: ["start", 0], End: ["end", 0], c: ["call", 0], C: ["call", 1], r: ["refusal", 0], R: ["refusal", 1],
  f: ["fault", 0], F: ["fault", 1], s: ["switch", 0], S: ["switch", 1] };
const sources = new Map(); /* by the names of files */
let state = null, rows = null, registers = null, tab = "timeline", chosen = null, only = false, spot = null, busy = false, asked = 0;

async function ask(name, parameters = {}) {
  const answer = await fetch(`/data/${name}?${new URLSearchParams(parameters)}`, { headers: { "X-Tyrne-Token": TOKEN } });
  const told = await answer.json().catch(() => ({ error: "the server could not answer that: a defect of tyrne" }));
  if (!answer.ok) throw new Error(told.error);
  return told;
}

async function source(file) {
  if (!sources.has(file)) sources.set(file, (await ask("source", { file })).lines);
  return sources.get(file);
}

/* One thing at a time: what is asked for meanwhile is not done. */
async function one(action) {
  if (busy) return;
  busy = true;
  const slow = setTimeout(() => say("going there …"), 400);
  try {
    await action();
  } catch (error) {
    say(error.message, "why");
  }
  clearTimeout(slow);
  busy = false;
}

function say(text, kind) {
  $("what").replaceChildren(element("span", text, kind));
}

async function go(at) {
  state = await ask("state", chosen ? { at, task: chosen } : { at });
  spot = state.kernel.here;
  await show();
}

async function move(way, back) {
  const found = await ask("move", { at: state.at, way, back });
  if (found.at === null) say(way === "transition" || way === "instruction" ? "there is nothing there" : `there is no ${way} ${back ? "before" : "after"} this`);
  else await go(found.at);
}

async function show() {
  $("position").value = state.at;
  drawTasks(state.tasks, chosen, choose);
  drawText($("console"), state.console);
  drawText($("log"), state.log.join("\n"));
  await Promise.all([showMiddle(), showProgram(), showKernel()]);
}

/* The transitions around one. Those that are here already do for steps until one comes near their end. */
async function rowsAround(transition) {
  const near = rows && rows.full && transition >= rows.first + (rows.first > 1 ? NEAR : -1) && transition <= rows.last - NEAR;
  if (near) return rows;
  const first = Math.max(1, transition - AROUND), last = transition + AROUND;
  const told = await ask("rows", { first, last });
  return { ...told, first, last, full: told.rows.length === last - first + 1 };
}

async function showMiddle() {
  const number = ++asked;
  for (const each of $("tabs").children) each.setAttribute("aria-selected", String(each.dataset.tab === tab));
  rows = await rowsAround(state.transition);
  const here = rows.rows.find((row) => row.transition === state.transition);
  const inside = state.inside ? ` and ${state.inside} instructions` : "";
  const end = state.over ? (state.status === null ? "; the run is over" : `; the run is over with status ${state.status}`) : "";
  say(here ? `${here.transition}${inside}  ${here.text}${end}` : `the kernel has booted${inside}${end}`);
  if (here && here.why) $("what").append(" ", element("span", here.why, "why"));
  if (tab === "timeline") {
    drawRows(rows, state.transition, (at) => one(() => go(at)));
    return;
  }
  if (tab === "instructions") {
    await showInstructions(number);
    return;
  }
  const parameters = { kind: tab, at: state.at };
  if (only && chosen) parameters.task = chosen;
  try {
    const told = await ask("picture", parameters);
    if (number === asked) drawPicture(told.svg, chosen, choose);
  } catch (error) {
    $("view").replaceChildren(element("div", error.message, "note"));
  }
}

/* What differs from the position that was shown before is marked. */
async function showInstructions(number) {
  const told = await ask("instructions", chosen ? { at: state.at, task: chosen } : { at: state.at });
  if (number !== asked) return;
  const before = registers && registers.told.at === told.at ? registers.before : registers && registers.told;
  registers = { told, before: before && before.task === told.task ? before : null };
  drawInstructions(told, registers.before);
}

async function showProgram() {
  const at = state.program;
  const where = at && at.file ? `${at.file}${at.line ? `:${at.line}` : ""}${at.function ? ` in ${at.function}` : ""}` : "";
  $("program-title").textContent = at ? `${at.task}  ${where || at.pc}` : "no task runs";
  const lines = at && at.file ? await source(at.file) : null;
  const absent = at && at.file ? "The source of this file is not shown: the description does not name it. Of a report, start with --system." : "";
  drawCode($("program"), lines, at && at.line, "here", absent);
}

async function showKernel() {
  const kernel = state.kernel;
  $("kernel-title").textContent = spot ? `kernel  ${spot.file}:${spot.line} in ${spot.function}` : "kernel";
  drawPath(kernel, spot, (chosenSpot) => one(async () => { spot = chosenSpot; await showKernel(); }));
  const lines = spot ? await source(`tyrne/kernel/${spot.file}`) : null;
  const refused = kernel.check && spot && spot.file === kernel.check.file && spot.line === kernel.check.line;
  drawCode($("kernel"), lines, spot && spot.line, refused ? "check" : "here", "The kernel has done nothing yet.");
}

function choose(name) {
  one(async () => {
    chosen = chosen === name ? null : name;
    await go(state.at);
  });
}

function chooseNext(by) {
  const names = state.tasks.map((task) => task.name);
  const place = names.indexOf(chosen);
  if (names.length) choose(names[place < 0 ? (by > 0 ? 0 : names.length - 1) : (place + by + names.length) % names.length]);
}

async function search(back) {
  const text = $("search").value;
  if (!text) return;
  const found = await ask("search", { text, at: state.at, back });
  $("found").textContent = found.count ? `${found.number} of ${found.count}` : "nothing";
  if (found.at !== null) await go(found.at);
}

/* To the write that made a word of the task's memory what it is. */
async function written() {
  const task = state.program ? state.program.task : "";
  const found = await ask("written", { at: state.at, task, address: $("address").value.trim() });
  if (found.at !== null) {
    chosen = null; /* so that who writes is shown */
    await go(found.at);
  }
  say(found.text, "why");
}

async function follow() {
  const about = await ask("about");
  $("title").textContent = about.machine === "hosted" ? about.run : `${about.run} · ${about.machine}`;
  document.title = `${about.run} · tyrne ui`;
  const part = about.whole ? "" : ", and there are more";
  $("read").textContent = about.failed ? "not all of it can be read" : `${about.read.toLocaleString("en")} transitions${part}${about.done ? "" : " …"}`;
  for (const each of document.querySelectorAll("[data-way]")) {
    const way = each.dataset.way;
    if (way in about.kinds) each.disabled = about.done && !about.kinds[way];
  }
  if (!about.done) setTimeout(() => follow().catch(() => {}), 500);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

function listen() {
  for (const each of document.querySelectorAll("[data-way]")) {
    each.addEventListener("click", () => one(() => move(each.dataset.way, each.dataset.back || "")));
  }
  for (const [name, text] of Object.entries(NAMES)) {
    const made = element("button", text);
    made.dataset.tab = name;
    made.setAttribute("role", "tab");
    made.addEventListener("click", () => one(async () => { tab = name; await showMiddle(); }));
    $("tabs").append(made);
  }
  $("position").addEventListener("change", () => one(() => go(/\+/.test($("position").value) ? $("position").value : `${$("position").value}+0`)));
  $("search").addEventListener("keydown", (event) => { if (event.key === "Enter") one(() => search(event.shiftKey ? "1" : "")); });
  $("address").addEventListener("keydown", (event) => { if (event.key === "Enter") one(written); });
  $("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  $("help").addEventListener("click", () => $("keys").showModal());
  const table = element("table");
  for (const [keys, text] of KEYS) {
    const row = element("tr");
    row.append(element("td", keys), element("td", text));
    table.append(row);
  }
  $("keys").append(table);
  document.addEventListener("keydown", press);
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  setTheme(prefers.matches ? "dark" : "light");
  prefers.addEventListener("change", () => setTheme(prefers.matches ? "dark" : "light"));
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !state) return;
  if (event.target instanceof HTMLInputElement) {
    if (event.key === "Escape" || event.key === "Enter") event.target.blur();
    return;
  }
  const way = WAYS[event.key];
  if (way) one(() => move(way[0], way[1] ? "1" : ""));
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") chooseNext(event.key === "ArrowUp" ? -1 : 1);
  else if (/^[1-6]$/.test(event.key)) $("tabs").children[event.key - 1].click();
  else if (event.key === "/") $("search").select();
  else if (event.key === "g") $("position").select();
  else if (event.key === "w") $("address").select();
  else if (event.key === "n" || event.key === "N") one(() => search(event.key === "N" ? "1" : ""));
  else if (event.key === "o") one(async () => { only = !only; await showMiddle(); });
  else if (event.key === "t") $("theme").click();
  else if (event.key === "?") $("keys").showModal();
  else return;
  event.preventDefault();
}

addEventListener("hashchange", () => location.reload()); /* an address with a token, in a window that is open already */
listen();
one(async () => {
  await follow();
  await go(new URLSearchParams(location.search).get("at") || "0+0");
});
