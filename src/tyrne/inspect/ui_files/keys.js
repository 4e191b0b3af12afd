"use strict";
/* What keys, buttons and fields do; and the start. */
const KEYS = [
  ["← →", "a transition back, on"], [", .", "an instruction back, on"], ["c C", "the next call, the one before"],
  ["r R", "the next refusal, the one before"], ["f F", "the next fault, the one before"],
  ["s S", "the next switch to another task, the one before"], ["Home End", "to the start, to the end"],
  ["g", "write a position"], ["/ n N", "search calls; the next hit, the one before"], ["w", "an address in the memory of the task: go to the last write there"], ["1 … 6", "the tabs"],
  ["l", "the line of who called, or of who runs next"], ["↑ ↓", "choose a task"], ["o", "only what is about the chosen task, in pictures"], ["t", "dark or light"],
  ["Esc", "choose no task; back to the keys"],
];
const WAYS = { ArrowRight: ["transition", 0], ArrowLeft: ["transition", 1], ".": ["instruction", 0], ",": ["instruction", 1],
  Home: ["start", 0], End: ["end", 0], c: ["call", 0], C: ["call", 1], r: ["refusal", 0], R: ["refusal", 1],
  f: ["fault", 0], F: ["fault", 1], s: ["switch", 0], S: ["switch", 1] };
const POSITION = /^\d{1,15}(\+\d{1,15})?$/;

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

function listen() {
  for (const each of document.querySelectorAll("[data-way]")) {
    each.addEventListener("click", () => goWay(each.dataset.way, each.dataset.back || ""));
  }
  for (const [name, text] of Object.entries(NAMES)) {
    const made = element("button", text);
    made.dataset.tab = name;
    made.setAttribute("role", "tab");
    made.addEventListener("click", () => queue("look", async () => { tab = name; if (state) await showMiddle(); }));
    $("tabs").append(made);
  }
  enters("position", (text) => {
    if (POSITION.test(text)) queue("jump", () => goTo(text));
    else tell(`“${text}” is no position: write 12, or 12+3 for three instructions after the twelfth transition`, "why");
    return POSITION.test(text);
  });
  $("position").addEventListener("blur", () => { if (state) $("position").value = state.at; });
  enters("search", (text, back) => { queue("move", () => search(back ? "1" : "", 1)); });
  enters("address", (text) => { queue("move", () => written(text)); });
  $("only").addEventListener("click", () => queue("look", toggleOnly));
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
  new ResizeObserver(fit).observe($("view"));
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  setTheme(prefers.matches ? "dark" : "light");
  prefers.addEventListener("change", () => setTheme(prefers.matches ? "dark" : "light"));
}

/* What is written into a field counts with Enter, unless the action says that it is nothing; with Esc it does not. */
function enters(id, action) {
  $(id).addEventListener("keydown", (event) => {
    if (event.key === "Escape") tell("");
    if (event.key === "Escape" || (event.key === "Enter" && action($(id).value.trim(), event.shiftKey) !== false)) $(id).blur();
  });
}

function goWay(way, back) {
  const jump = way === "start" || way === "end";
  queue(jump ? "jump" : "move", (count) => move(way, back, count), `${way} ${back}`);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement || $("keys").open) return;
  const way = WAYS[event.key];
  if (way) goWay(way[0], way[1] ? "1" : "");
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") chooseNext(event.key === "ArrowUp" ? -1 : 1);
  else if (/^[1-6]$/.test(event.key)) $("tabs").children[event.key - 1].click();
  else if (event.key === "/") $("search").select();
  else if (event.key === "g") $("position").select();
  else if (event.key === "w") $("address").select();
  else if (event.key === "n" || event.key === "N") queue("move", (count) => search(event.key === "N" ? "1" : "", count), event.key);
  else if (event.key === "o") queue("look", toggleOnly);
  else if (event.key === "l") queue("look", async () => { called = !called; if (state) await showProgram(); });
  else if (event.key === "Escape") queue("look", async () => { tell(""); if (chosen) await chooseTask(null); });
  else if (event.key === "t") $("theme").click();
  else if (event.key === "?") $("keys").showModal();
  else return;
  event.preventDefault();
}

addEventListener("hashchange", () => location.reload()); /* an address with a token, in a window that is open already */
listen();
queue("look", async () => {
  await follow();
  await go(new URLSearchParams(location.search).get("at") || "0+0");
});
