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
const sources = new Map(); /* by the names of files */
let state = null, rows = null, registers = null, about = null, tab = "timeline", chosen = null, only = false, spot = null, told = null;
let memory = null; /* the page whose words are shown below the memory map */
let called = false; /* whether the line that called is shown, and not that of who runs next */

async function ask(name, parameters = {}) {
  const asked = fetch(`/data/${name}?${new URLSearchParams(parameters)}`, { headers: { "X-Tyrne-Token": TOKEN } });
  const answer = await asked.catch(() => { throw new Error("nobody answers: tyrne ui has ended; start it again, and open the address that it prints"); });
  const found = await answer.json().catch(() => ({ error: "the server could not answer that: a defect of tyrne" }));
  if (!answer.ok) throw new Error(found.error);
  return found;
}

async function source(file) {
  if (!sources.has(file)) sources.set(file, (await ask("source", { file })).lines);
  return sources.get(file);
}

/* What is to be said of a position stays until one leaves it, or until something else is said. */
function tell(text, kind) {
  told = text ? { text, kind, at: state && state.at } : null;
  $("told").textContent = text;
  $("told").className = kind || "";
}

async function go(at) {
  state = await ask("state", chosen ? { at, task: chosen } : { at });
  spot = state.kernel.here;
  if (told && told.at !== state.at) tell("");
  await show();
}

async function move(way, back, count) {
  if (!state) return;
  const found = await ask("move", { at: state.at, way, back, count });
  if (found.at !== null) await go(found.at);
  if (found.made === count) return;
  const side = back ? "before" : "after";
  tell(way === "transition" || way === "instruction" ? `there is nothing ${side} this` : `there is no ${way} ${side} this`);
}

/* To a position as somebody has written it. */
async function goTo(text) {
  const at = /^\d+$/.test(text) ? `${text}+0` : text;
  await go(at);
  const [transition, inside] = at.split("+").map(Number);
  if (transition > state.transition) tell(`there is no ${transition}: the run ends with ${state.transition}`);
  else if (transition < state.transition) tell(`${state.transition} comes before there are ${inside} instructions after ${transition}`);
  else if (inside > state.inside) tell(`there are not ${inside} instructions after ${transition}`);
}

async function show() {
  if (document.activeElement !== $("position")) $("position").value = state.at;
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
  for (const each of $("tabs").children) each.setAttribute("aria-selected", String(each.dataset.tab === tab));
  $("view").classList.toggle("split", tab === "instructions");
  drawLegend(tab);
  $("only").hidden = !chosen;
  $("only").textContent = `only ${chosen}  o`;
  $("only").setAttribute("aria-pressed", String(only));
  rows = await rowsAround(state.transition);
  const here = rows.rows.find((row) => row.transition === state.transition);
  const end = state.over ? (state.status === null ? "; the run is over" : `; the run is over with status ${state.status}`) : "";
  $("what").textContent = `${whatHappened(here)}${end}`;
  if (here && here.why && !state.inside) $("what").append(" ", element("span", here.why, "why"));
  if (tab === "timeline") {
    drawRows(rows, state.transition, goThere);
    return;
  }
  if (tab === "instructions") {
    await showInstructions();
    return;
  }
  const parameters = { kind: tab, at: state.at };
  if (only && chosen) parameters.task = chosen;
  try {
    const [picture, below] = await Promise.all([ask("picture", parameters), tab === "memory" && memory ? wordsBelow() : null]);
    drawPicture(picture, tab, below, { choose, go: goThere, look: lookAt });
  } catch (error) {
    $("view").replaceChildren(element("div", error.message, "note"));
  }
}

/* The words of a page; those that differ from what was shown before are marked. */
async function wordsBelow() {
  const { task, address, before } = memory;
  const found = await ask("memory", { at: state.at, task, address }).catch((error) => ({ absent: error.message, rows: [] }));
  const old = before && before.at === found.at ? memory.older : before;
  Object.assign(memory, { before: found.absent ? null : found, older: old });
  return wordsOf(task, address, found, old, lookAt, (word) => {
    $("address").value = word;
    queue("move", () => written(word, task));
  });
}

/* Show a page of the memory of a task, or none. */
function lookAt(task, address) {
  queue("look", async () => {
    memory = task ? { task, address, before: null, older: null } : null;
    if (state) await showMiddle();
    if (memory) $("view").querySelector(".page").scrollIntoView({ block: "nearest" });
  });
}

function whatHappened(row) {
  const text = row ? row.text : "the kernel has booted";
  if (!state.inside) return row ? `${row.transition}  ${text}` : text;
  const runs = state.tasks.find((task) => task.state === "runs");
  const after = row ? `after ${row.transition} (${text})` : text;
  return `${after}; ${runs ? runs.name : "nobody"} has run ${state.inside} instruction${state.inside === 1 ? "" : "s"}`;
}

/* What differs from the position that was shown before is marked. */
async function showInstructions() {
  const found = await ask("instructions", chosen ? { at: state.at, task: chosen } : { at: state.at });
  const before = registers && registers.found.at === found.at ? registers.before : registers && registers.found;
  registers = { found, before: before && before.task === found.task ? before : null };
  drawInstructions(found, registers.before);
}

async function showProgram() {
  const next = state.program, caller = chosen || !state.caller || same(state.caller, next) ? null : state.caller;
  const at = caller && (called || !next) ? caller : next;
  drawWho(next, caller, at, (wanted) => queue("look", async () => { called = wanted; await showProgram(); }));
  $("program-title").textContent = at ? `${at.task}  ${placeOf(at) || at.pc}` : "no task runs";
  await showPlace(at, at);
}

/* One of the functions that a task is in at a place. */
async function showPlace(at, shown) {
  drawCalls(at ? at.calls : [], shown, (wanted) => queue("look", () => showPlace(at, wanted)));
  const lines = shown && shown.file ? await source(shown.file) : null;
  drawCode($("program"), lines, shown && shown.line, "here", shown && shown.file ? absent(shown.file) : "");
}

function same(one, other) {
  return other && one.task === other.task && one.file === other.file && one.line === other.line;
}

function absent(file) {
  if (!about.report) return `${file} is not shown: the description does not name it as a program's.`;
  return `${file} is not shown: a report does not hold it. Start with --system SYSTEM, where SYSTEM is what made it.`;
}

async function showKernel() {
  const kernel = state.kernel;
  $("kernel-title").textContent = spot ? `kernel  ${spot.file}:${spot.line} in ${spot.function}` : "kernel";
  drawPath(kernel, spot, (chosenSpot) => queue("look", async () => { spot = chosenSpot; await showKernel(); }));
  const lines = spot ? await source(`tyrne/kernel/${spot.file}`) : null;
  const refused = kernel.check && spot && spot.file === kernel.check.file && spot.line === kernel.check.line;
  drawCode($("kernel"), lines, spot && (spot.left || spot.line), refused ? "check" : "here", "The kernel has done nothing yet.", spot && spot.line);
}

function choose(name) {
  queue("look", () => chooseTask(chosen === name ? null : name));
}

async function chooseTask(name) {
  chosen = name;
  only = only && Boolean(chosen);
  if (state) await go(state.at);
}

function chooseNext(by) {
  queue("look", async () => {
    const names = state ? state.tasks.map((task) => task.name) : [], place = names.indexOf(chosen);
    if (names.length) await chooseTask(names[place < 0 ? (by > 0 ? 0 : names.length - 1) : (place + by + names.length) % names.length]);
  });
}

/* Pictures only of what is about the chosen task. */
async function toggleOnly() {
  if (!only && !chosen) tell("choose a task: pictures then have only what is about it");
  else only = !only;
  if (state) await show();
}

async function search(back, count) {
  const text = $("search").value;
  if (!text || !state) return;
  let found = { at: state.at };
  for (let i = 0; i < count && found.at !== null; i++) found = await ask("search", { text, at: found.at, back });
  $("found").textContent = found.count ? `${found.number} of ${found.count}` : "nothing";
  if (found.at === null) return;
  chosen = null; /* a hit is a call, and the line that made it is shown */
  only = false;
  called = true;
  await go(found.at);
}

/* To the write that made a word of the memory of a task what it is; who writes is shown, and not who was chosen. */
async function written(address, task) {
  if (!state) return;
  const found = await ask("written", { at: state.at, task: task || (state.program ? state.program.task : ""), address });
  if (found.at !== null) {
    chosen = null;
    only = false;
    await go(found.at);
  }
  tell(found.text, "found");
}

async function follow() {
  about = await ask("about");
  $("title").title = about.run;
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

function goThere(at) {
  queue("jump", () => go(at));
}
