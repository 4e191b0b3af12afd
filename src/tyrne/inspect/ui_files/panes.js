"use strict";
/* Draws what the server has told. Everything that a run says reaches the page as text, by textContent, or as a picture that
   is read as SVG, in which the server has put it as text. */
const $ = (id) => document.getElementById(id);
const NAMES = { timeline: "Timeline", capabilities: "Capabilities", waits: "Waits", memory: "Memory", messages: "Messages", instructions: "Instructions" };
/* What colours and lines of a tab mean: areas are i, lines are b. */
const LEGENDS = {
  timeline: [["i", "runs", "runs"], ["i", "ready", "ready"], ["i", "waits", "waits"], ["i", "suspended", "suspended or not started"], ["i", "faulted", "faulted"], ["i", "ended", "ended"]],
  capabilities: [["b", "edge", "the way of messages, signals, data"], ["b", "derived", "derived from"]],
  waits: [["b", "edge", "waits for"], ["b", "stuck", "in a cycle"]],
  memory: [["b", "share", "the same memory"]],
  messages: [["b", "message", "message"], ["b", "answer", "answer"], ["b", "signal", "signal"], ["b", "fault", "fault, refusal"], ["b", "end", "end"]],
  instructions: [],
};
const BAR = 16; /* pixels that a scroll bar needs */
const LEAST = 0.62; /* of the size of a picture: below that, it cannot be read */
const AROUND = 60; /* transitions before and after the position */
const NEAR = 20; /* of these, as many at least are shown before and after each position */
let drawn = null; /* the rows in the table, and the table */
const sourcesIn = new Map(); /* the lines in each pane of a source */

function element(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function drawTasks(tasks, chosen, choose) {
  $("tasks").replaceChildren(...tasks.map((task) => {
    const made = element("button", undefined, task.state);
    made.append(element("span", task.name));
    if (task.name === chosen) made.append(element("em", "chosen"));
    if (task.mark) made.append(element("span", ` ${task.mark}`, "stuck"));
    made.append(element("small", task.does));
    if (task.line) made.append(element("small", task.line));
    made.title = task.about;
    made.setAttribute("aria-pressed", String(task.name === chosen));
    made.addEventListener("click", () => choose(task.name));
    return made;
  }));
}

function drawRows(told, transition, go) {
  if (!drawn || drawn.told !== told || !drawn.table.isConnected) {
    drawn = { told, table: tableOf(told, go) };
    $("view").replaceChildren(drawn.table);
  }
  for (const line of drawn.table.querySelectorAll("tr.here")) line.classList.remove("here");
  const here = drawn.table.querySelector(`[data-transition="${transition}"]`);
  if (!here) return;
  here.classList.add("here");
  here.scrollIntoView({ block: "center" });
}

function tableOf(told, go) {
  const table = element("table"), head = element("tr"), body = element("tbody");
  head.append(element("th", "#"), ...told.tasks.map((name) => element("th", name, "state")), element("th", "transition"));
  for (const row of told.rows) {
    const line = element("tr", undefined, row.kinds.join(" "));
    line.dataset.transition = row.transition;
    line.append(element("td", row.transition, "number"));
    row.states.forEach((state, i) => {
      const cell = element("td", undefined, "state");
      cell.append(element("i", undefined, state));
      cell.title = state ? `${told.tasks[i]}: ${state}` : "";
      line.append(cell);
    });
    const text = element("td", row.text, "text");
    if (row.why) text.append(element("div", row.why, "why"));
    line.append(text);
    line.addEventListener("click", () => go(`${row.transition}+0`));
    body.append(line);
  }
  if (told.rows.length && told.rows[0].transition === 1) {
    const start = element("tr");
    start.dataset.transition = 0;
    start.append(element("td", 0, "number"), ...told.tasks.map(() => element("td")), element("td", "the kernel has booted", "text"));
    start.addEventListener("click", () => go("0+0"));
    body.prepend(start);
  }
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  return table;
}

function drawLegend(tab) {
  $("legend").replaceChildren(...LEGENDS[tab].map(([tag, kind, text]) => {
    const made = element("span");
    made.append(element(tag, undefined, kind), text);
    return made;
  }));
}

/* A picture is made as small as its pane where it can still be read then; otherwise one scrolls. */
function fit() {
  const view = $("view"), svg = view.querySelector("svg.picture");
  if (!svg) return;
  const { width, height } = svg.viewBox.baseVal;
  let scale = Math.max(LEAST, Math.min(1, (view.clientWidth - BAR) / width));
  const high = (view.clientHeight - BAR) / height;
  if (high < scale && high >= LEAST) scale = high;
  svg.setAttribute("width", Math.floor(width * scale));
  svg.setAttribute("height", Math.floor(height * scale));
}

/* `ended` are tasks of which the picture has nothing more, and where it still had; `below` is what else is shown. */
function drawPicture({ svg, ended }, tab, below, { choose, go, look }) {
  const made = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const view = $("view"), left = view.scrollLeft, top = view.scrollTop;
  const notes = ended.map(({ task, at }) => {
    const note = element("div", `${task} has ended, and what it held went with it: `, "note"), there = element("button", `go to ${at}, where it had it last`);
    there.addEventListener("click", () => go(`${at}+0`));
    note.append(there);
    return note;
  });
  const was = view.dataset.drawn === tab;
  view.replaceChildren(document.importNode(made, true), ...notes, ...(below ? [below] : []));
  view.dataset.drawn = tab;
  fit();
  if (tab === "messages") view.scrollTo(left, view.scrollHeight); /* what has happened last is below */
  else view.scrollTo(was ? left : 0, was ? top : 0);
  for (const group of view.querySelectorAll("[data-tasks]")) {
    group.addEventListener("click", () => choose(group.dataset.tasks.split("\n")[0]));
  }
  for (const group of view.querySelectorAll("[data-tasks] [data-address]")) {
    group.addEventListener("click", (event) => {
      event.stopPropagation();
      look(group.closest("[data-tasks]").dataset.tasks.split("\n")[0], group.dataset.address);
    });
  }
  for (const group of view.querySelectorAll("[data-at]")) group.addEventListener("click", () => go(`${group.dataset.at}+0`));
}

function placeOf(at) {
  return at.file ? `${at.file}${at.line ? `:${at.line}` : ""}${at.function ? ` in ${at.function}` : ""}` : "";
}

/* Whose line is shown: of who runs next, of who called, or of the task that is chosen. */
function drawWho(next, caller, shown, choose) {
  const named = caller ? [[next ? `${next.task} runs next` : "", next, false], [`${caller.task} called`, caller, true]] : [];
  $("who").replaceChildren(...named.filter(([text]) => text).map(([text, at, wanted]) => {
    const made = element("button", text);
    made.setAttribute("aria-pressed", String(at === shown));
    made.title = `${placeOf(at)} (l)`;
    made.addEventListener("click", () => choose(wanted));
    return made;
  }));
}

/* The words of a page of a task's memory; `look` shows another one, and `who` finds who wrote a word. */
function wordsOf(task, address, found, before, look, who) {
  const box = element("div", undefined, "page"), head = element("div", undefined, "head"), table = element("table", undefined, "listing");
  const page = BigInt(found.page || address), had = new Map((before && before.page === found.page ? before.rows : []).map((row) => [row.at, row.words]));
  const button = (text, title, action) => {
    const made = element("button", text);
    made.title = title;
    made.addEventListener("click", action);
    return made;
  };
  const to = (by) => page + by < 0n ? null : `0x${(page + by).toString(16)}`;
  head.append(element("b", `${task}  0x${page.toString(16)}`), button("◂", "the page before", () => look(task, to(-4096n) || address)),
    button("▸", "the page after", () => look(task, to(4096n))), button("✕", "no page", () => look(null)),
    element("span", found.absent || (found.rows.length ? "a click on a word finds who wrote it; rows of zeros are left out" : "all of it is zero")));
  for (const row of found.rows) {
    const line = element("tr"), old = had.get(row.at) || ["0x0", "0x0", "0x0", "0x0"];
    line.append(element("td", row.at, "number"));
    row.words.forEach((word, i) => {
      const cell = element("td", undefined, before && before.page === found.page && old[i] !== word ? "changed" : "");
      const at = `0x${(BigInt(row.at) + BigInt(8 * i)).toString(16)}`;
      cell.append(button(word, `${at}: who wrote this?`, () => who(at)));
      line.append(cell);
    });
    table.append(line);
  }
  box.append(head, table);
  return box;
}

/* The functions that the compiler has made one of, the innermost first. */
function drawCalls(calls, shown, choose) {
  $("calls").replaceChildren(...(calls.length < 2 ? [] : calls).flatMap((at, i) => {
    const made = element("button", `${at.function || "?"} ${at.file ? `${at.file.split("/").pop()}:${at.line}` : ""}`);
    made.title = placeOf(at);
    made.setAttribute("aria-pressed", String(shown && at.file === shown.file && at.line === shown.line && at.function === shown.function));
    made.addEventListener("click", () => choose(at));
    return i ? [" ← ", made] : [made];
  }));
}

/* `start` is the line with which the function begins that a line is in, if it is known. */
function drawCode(place, lines, line, kind, absent, start) {
  if (!lines) {
    place.replaceChildren(element("div", absent, "note"));
    sourcesIn.delete(place);
    return;
  }
  if (sourcesIn.get(place) !== lines) {
    place.replaceChildren(...lines.map((text, i) => {
      const made = element("div");
      made.append(element("i", i + 1), text);
      return made;
    }));
    sourcesIn.set(place, lines);
  }
  for (const each of place.querySelectorAll(".here, .check, .start")) each.className = "";
  const here = place.children[line - 1];
  if (!here) return;
  const first = start && start <= line ? place.children[start - 1] : here;
  first.className = "start";
  here.className = kind;
  const fits = here.offsetTop + here.offsetHeight - first.offsetTop < place.clientHeight - 34;
  place.scrollTop = first !== here && fits ? first.offsetTop - place.offsetTop - 17 : here.offsetTop - place.offsetTop - place.clientHeight / 3;
}

/* The registers of a task and the code where it goes on; registers that had another value before are marked. */
function drawInstructions(told, before) {
  if (!told.task) {
    $("view").replaceChildren(element("div", "No task runs: choose one.", "note"));
    return;
  }
  const had = new Map(before ? before.registers : []), box = element("div", undefined, "registers");
  for (const [name, value] of told.registers) {
    const changed = had.has(name) && had.get(name) !== value, made = element("span", undefined, changed ? "changed" : "");
    made.append(element("b", name), value);
    if (changed) made.title = `before: ${had.get(name)}`;
    box.append(made);
  }
  const table = element("table", undefined, "listing");
  let line = null;
  for (const each of told.code) {
    if (each.line !== line) table.append(wide(each.line || "no line is known"));
    line = each.line;
    const row = element("tr", undefined, each.here ? "here" : "");
    row.append(element("td", each.at, "number"), element("td", each.word, "number"), element("td", each.text, "text"));
    table.append(row);
  }
  const code = element("div", undefined, "words");
  code.append(table);
  $("view").replaceChildren(box, code);
  if (told.absent) box.after(element("div", told.absent, "note why"));
  if (!told.named) box.after(element("div", "The disassembler is not there; install it with pip install 'tyrne[ui]'", "note"));
  const here = table.querySelector("tr.here");
  if (here) here.scrollIntoView({ block: "center" });
}

function wide(text) {
  const row = element("tr", undefined, "line"), cell = element("td", text);
  cell.colSpan = 3;
  row.append(cell);
  return row;
}

function drawPath(kernel, shown, choose) {
  const same = (spot) => shown && spot.file === shown.file && spot.line === shown.line && spot.function === shown.function;
  const made = kernel.calls.map((spot) => {
    const line = element("button", `${"  ".repeat(spot.depth)}${spot.function}  ${spot.file}:${spot.line}`);
    line.setAttribute("aria-pressed", String(Boolean(same(spot))));
    line.addEventListener("click", () => choose(spot));
    const row = element("div");
    row.append(line);
    return row;
  });
  if (kernel.check) {
    const spot = kernel.check, line = element("button", `refused in ${spot.function}, ${spot.file}:${spot.line}`, "check");
    line.setAttribute("aria-pressed", String(Boolean(same(spot))));
    line.addEventListener("click", () => choose(spot));
    made.unshift(line);
  }
  if (!kernel.whole) made.push(element("div", "… and more"));
  $("path").replaceChildren(...made);
  const pressed = $("path").querySelector('[aria-pressed="true"]');
  $("path").scrollTop = pressed ? pressed.offsetTop - $("path").offsetTop - 34 : 0;
}

function drawText(place, text) {
  place.textContent = text;
  place.scrollTop = place.scrollHeight;
}
