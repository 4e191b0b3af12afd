function limit() {
  [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  const most = whole(), margin = most * 0.02, least = Math.min(byTransition ? 4 : 20, most);
  const span = Math.min(Math.max(to - from, least), most + 2 * margin);
  from = Math.min(Math.max(from, -margin), most + margin - span);
  to = from + span;
  scroll = Math.max(0, Math.min(scroll, lanes.length * ROW + RULER + 8 - high));
  ask();
}

function fit() {
  [from, to] = [-whole() * 0.02, whole() * 1.02];
  limit();
}

function zoom(by, x = GUTTER + width() / 2) {
  const fixed = toT(x);
  [from, to] = [fixed - (fixed - from) * by, fixed + (to - fixed) * by];
  limit();
}

function pan(share) {
  const by = (to - from) * share;
  [from, to] = [from + by, to + by];
  limit();
}

/* Bring an item into view. */
function show([place, i]) {
  const lane = lanes[place], middle = (start(lane, i) + end(lane, i)) / 2, half = (to - from) / 2;
  if (start(lane, i) < from || end(lane, i) > to) [from, to] = [middle - half, middle + half];
  if (top_(place) < RULER || top_(place) + ROW > high) scroll = place * ROW - high / 2;
  limit();
}

function select(found) {
  selected = found;
  const box = $("details");
  box.replaceChildren();
  if (!found) return hint(box);
  const lane = lanes[found[0]], item = lane.items.slice(found[1] * ITEM, (found[1] + 1) * ITEM);
  add(box, "h2", `${lane.group}: ${lane.name}`);
  const list = add(box, "dl", "");
  const tell = (what, text) => (add(list, "dt", what), (add(list, "dd", text).className = "code"));
  tell(kinds[item[5]], strings[item[6]]);
  for (const line of strings[item[7]].split("\n").filter(Boolean)) tell(...line.split("\t", 2));
  for (const text of carried(found[0], item[1], item[4])) tell("message", text);
  tell("from", `${number(item[0])} ${data.unit}, transition ${number(item[1])}`);
  if (item[3] !== item[0] || item[4] !== item[1]) {
    tell("to", `${number(item[3])} ${data.unit}, transition ${number(item[4])}`);
    tell("lasts", `${number(item[3] - item[0])} ${data.unit}`);
  }
  tell("instructions until then", number(item[2]));
  tell("look there with", `tyrne ps RUN --at ${item[1]}`);
  tell("or, of a report", `tyrne replay RUN --to ${item[1]}`);
  ask();
}

/* What a call sent or received, which its row, and the transitions of its start and its end, say. */
function* carried(place, sent, received) {
  for (let i = 0; i < messages.length; i += MESSAGE) {
    const text = strings[messages[i + 6]];
    if (messages[i] === place && messages[i + 2] === sent) yield `to ${lanes[messages[i + 3]].group}: ${text}`;
    if (messages[i + 3] === place && messages[i + 5] === received) yield `from ${lanes[messages[i]].group}: ${text}`;
  }
}

function hint(box) {
  add(box, "h2", data.run);
  const list = add(box, "dl", "");
  for (const [what, text] of data.about) (add(list, "dt", what), add(list, "dd", text));
  add(list, "dt", "keys");
  for (const line of KEYS) add(list, "dd", line);
  ask();
}

const KEYS = [
  "+ - or w s: zoom; with the mouse: Ctrl and wheel", "← → or a d: pan; ↑ ↓: rows; drag does both", "f: all of it",
  "x: time or transitions", "/: search; n N: next, previous hit", ". ,: next, previous event of the row",
  "[ ]: row above, below", "t: dark or light", "Esc: nothing selected",
];

function add(box, tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  box.append(made);
  return made;
}

function search() {
  const wanted = $("search").value.trim().toLowerCase();
  matching = new Set();
  [hits, hit] = [[], -1];
  if (wanted) strings.forEach((text, i) => text.toLowerCase().includes(wanted) && matching.add(i));
  lanes.forEach((lane, place) => {
    for (let i = 0; wanted && i < count(lane); i++)
      if (matching.has(lane.items[i * ITEM + 6]) || matching.has(lane.items[i * ITEM + 7])) hits.push([place, i]);
  });
  hits.sort((a, b) => start(lanes[a[0]], a[1]) - start(lanes[b[0]], b[1]));
  $("found").textContent = wanted ? `${number(hits.length)} found` : "";
  ask();
}

function go(by) {
  if (!hits.length) return;
  hit = (hit + by + hits.length) % hits.length;
  $("found").textContent = `${number(hit + 1)} of ${number(hits.length)}`;
  show(hits[hit]);
  select(hits[hit]);
}

/* The next event of the row, or one of another row that begins no later. */
function step(by, rows = 0) {
  let [place, i] = selected || [0, -1];
  if (rows) {
    const when = selected ? start(lanes[place], i) : from;
    place = Math.min(lanes.length - 1, Math.max(0, place + rows));
    i = first(lanes[place], when);
  } else i += by;
  if (i < 0 || i >= count(lanes[place])) return;
  select([place, i]);
  show(selected);
}

function theme(name) {
  root.dataset.theme = name;
  const style = getComputedStyle(root);
  for (const each of ["paper", "ink", "faint", "line", "band", "mark", "on", "message", "rests", ...kinds])
    colours[each] = style.getPropertyValue(`--${each}`).trim();
  ask();
}

function axis(transitions) {
  const share = [from / whole(), to / whole()];
  byTransition = transitions;
  [from, to] = [share[0] * whole(), share[1] * whole()];
  $("axis").textContent = transitions ? "by transitions" : `by ${data.unit === "ns" ? "time" : data.unit}`;
  search();
  limit();
}

const other = () => theme(root.dataset.theme === "dark" ? "light" : "dark");
const rowsOf = (share) => ((scroll += share), limit());
const ACTIONS = {
  "+": () => zoom(0.6), "=": () => zoom(0.6), w: () => zoom(0.6), "-": () => zoom(1.6), s: () => zoom(1.6), f: fit,
  ArrowLeft: () => pan(-0.15), a: () => pan(-0.15), ArrowRight: () => pan(0.15), d: () => pan(0.15),
  ArrowUp: () => rowsOf(-ROW), ArrowDown: () => rowsOf(ROW), PageUp: () => rowsOf(-10 * ROW), PageDown: () => rowsOf(10 * ROW),
  x: () => axis(!byTransition), t: other, n: () => go(1), N: () => go(-1), "/": () => $("search").focus(),
  ".": () => step(1), ",": () => step(-1), "[": () => step(0, -1), "]": () => step(0, 1),
  Escape: () => select(null), "?": () => select(null),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === $("search")) {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") canvas.focus();
    else return;
  } else if (ACTIONS[event.key]) ACTIONS[event.key]();
  else return;
  event.preventDefault();
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, event.offsetX);
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX || event.deltaY) / 1500);
  else rowsOf(event.deltaY);
}, { passive: false });
let held = null;
canvas.addEventListener("pointerdown", (event) => {
  held = { x: event.offsetX, y: event.offsetY, moved: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (held) {
    const dx = event.offsetX - held.x, dy = event.offsetY - held.y;
    if (!held.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    scroll -= dy;
    held = { x: event.offsetX, y: event.offsetY, moved: true };
    pan(-dx / width());
  }
  hover(held ? null : at(event.offsetX, event.offsetY), event);
});
canvas.addEventListener("pointerup", (event) => {
  if (held && !held.moved) select(at(event.offsetX, event.offsetY));
  held = null;
});
canvas.addEventListener("pointerleave", () => ($("tip").hidden = true));

function hover(found, event) {
  const tip = $("tip");
  tip.hidden = !found;
  if (!found) return;
  const lane = lanes[found[0]], item = found[1] * ITEM;
  tip.textContent = `${strings[lane.items[item + 6]]}\n${strings[lane.items[item + 7]].replaceAll("\t", ": ")}`.trim();
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 430)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
}

$("search").addEventListener("input", search);
for (const [id, action] of Object.entries({ before: "N", next: "n", in: "+", out: "-", fit: "f", axis: "x", theme: "t", help: "?" }))
  $(id).addEventListener("click", ACTIONS[action]);
$("title").textContent = data.run;
new ResizeObserver(limit).observe(canvas);
theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
axis(false);
fit();
select(null);
