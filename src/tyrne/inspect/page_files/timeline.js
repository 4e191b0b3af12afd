"use strict";
/* Draws the timeline of `tyrne trace`. Everything that a run says reaches the page as text: by fillText or textContent.

The data: `lanes`, each with `group`, `name`, `items`; an item is ITEM numbers: time, transition and instructions at its
start, time and transition at its end, and places in `kinds` and (label, details) in `strings`. A message is MESSAGE
numbers: lane, time, transition of the sender and of the receiver, and the place of its label. */
const data = JSON.parse(document.getElementById("data").textContent);
const ITEM = 8, MESSAGE = 7, GUTTER = 190, ROW = 22, RULER = 24, NEAR = 4, ARROWS = 400;
const $ = (id) => document.getElementById(id);
const canvas = $("view"), context = canvas.getContext("2d"), root = document.documentElement;
const { lanes, strings, kinds, messages } = data;
let byTransition = false, from = 0, to = 1, scroll = 0, selected = null, hits = [], hit = -1, colours = {}, asked = false;
let crowded = false, matching = new Set(), wide = 0, high = 0; /* of the canvas, in pixels of the page */

const start = (lane, i) => lane.items[i * ITEM + (byTransition ? 1 : 0)];
const end = (lane, i) => lane.items[i * ITEM + (byTransition ? 4 : 3)];
const count = (lane) => lane.items.length / ITEM;
const whole = () => Math.max(1, byTransition ? data.end[1] : data.end[0]);
const number = (n) => (Math.round(n) || 0).toLocaleString("en");
const unit = () => (byTransition ? "transitions" : data.unit);
const width = () => wide - GUTTER;
const toX = (t) => GUTTER + ((t - from) / (to - from)) * width();
const toT = (x) => from + ((x - GUTTER) / width()) * (to - from);
const top_ = (number) => RULER + number * ROW - scroll;

function draw() {
  asked = false;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = '12px system-ui, "DejaVu Sans", sans-serif';
  context.textBaseline = "middle";
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, wide, high);
  lanes.forEach((lane, i) => top_(i) + ROW > RULER && top_(i) < high && drawLane(lane, i));
  drawMessages();
  drawNames();
  drawRuler();
}

function ask() {
  if (!asked) requestAnimationFrame(draw);
  asked = true;
}

function drawLane(lane, place) {
  const y = top_(place) + 2, tall = ROW - 4;
  if (lane.band) rect(colours.band, GUTTER, top_(place), wide - GUTTER, ROW);
  let drawn = -1;
  for (let i = first(lane, from), n = count(lane); i < n && start(lane, i) <= to; i++) {
    const x = Math.max(GUTTER, toX(start(lane, i))), until = Math.min(wide, toX(end(lane, i)));
    const found = matching.has(lane.items[i * ITEM + 6]) || matching.has(lane.items[i * ITEM + 7]);
    const chosen = selected && selected[0] === place && selected[1] === i;
    if (until < drawn && !found && !chosen) continue;
    const across = Math.max(until - x, 3);
    rect(colours[kinds[lane.items[i * ITEM + 5]]] || colours.call, x, y, across, tall);
    drawn = x + 1;
    if (found || chosen) outline(chosen ? colours.ink : colours.mark, x, y, across, tall);
    const room = across > 8 ? across : Math.min(i + 1 < n ? toX(start(lane, i + 1)) : wide, wide) - x;
    if (room > 24) write(strings[lane.items[i * ITEM + 6]], x + (across > 8 ? 3 : 6), y + tall / 2, room - 8, across > 8);
  }
}

/* Arrows from who sent to who received; where there are too many to be told apart, none, and a note. */
function drawMessages() {
  const step = byTransition ? 1 : 0, seen = [];
  for (let i = 0; i < messages.length && seen.length <= ARROWS; i += MESSAGE)
    if (messages[i + 4 + step] >= from && messages[i + 1 + step] <= to) seen.push(i);
  crowded = seen.length > ARROWS;
  if (crowded) return;
  context.strokeStyle = context.fillStyle = colours.message;
  context.lineWidth = 1;
  for (const i of seen) {
    const x = Math.max(GUTTER, toX(messages[i + 1 + step])), x2 = Math.max(GUTTER, toX(messages[i + 4 + step]));
    const y = top_(messages[i]) + ROW / 2, y2 = top_(messages[i + 3]) + ROW / 2;
    if (Math.max(y, y2) < RULER || Math.min(y, y2) > high) continue;
    const down = y2 > y ? 1 : -1, tip = y2 - (down * ROW) / 2 + down * 2;
    context.beginPath();
    context.moveTo(x, y);
    context.bezierCurveTo(x, (y + y2) / 2, x2, (y + y2) / 2, x2, tip);
    context.stroke();
    context.beginPath();
    context.moveTo(x2, tip + down * 3);
    context.lineTo(x2 - 3, tip - down * 4);
    context.lineTo(x2 + 3, tip - down * 4);
    context.fill();
  }
}

function drawNames() {
  rect(colours.paper, 0, 0, GUTTER, high);
  lanes.forEach((lane, i) => {
    const y = top_(i);
    if (y + ROW < RULER || y > high) return;
    if (lane.first) {
      rect(colours.line, 0, y, wide, 1);
      context.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
      write(lane.group, 8, y + ROW / 2, GUTTER - 78);
      context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    }
    write(lane.name, GUTTER - 66, y + ROW / 2, 62, false, colours.faint);
  });
  rect(colours.line, GUTTER - 1, 0, 1, high);
}

function drawRuler() {
  rect(colours.paper, 0, 0, wide, RULER);
  write(crowded ? `${unit()}; zoom in for messages` : unit(), 8, RULER / 2, GUTTER - 12, false, colours.faint);
  const step = 10 ** Math.ceil(Math.log10(((to - from) * 90) / width()));
  const each = [step / 5, step / 2, step].find((s) => (s / (to - from)) * width() >= 80 && s >= 1) || Math.max(1, step);
  for (let t = Math.ceil(from / each) * each; t <= to; t += each) {
    context.globalAlpha = 0.5;
    rect(colours.line, toX(t), RULER, 1, high);
    context.globalAlpha = 1;
    write(number(t), toX(t) + 3, RULER / 2, 90, false, colours.faint);
  }
  rect(colours.line, 0, RULER - 1, wide, 1);
}

function rect(colour, x, y, across, tall) {
  context.fillStyle = colour;
  context.fillRect(x, y, across, tall);
}

function outline(colour, x, y, across, tall) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(x, y, across, tall);
}

/* Text in so many pixels; what has no room is left out. */
function write(text, x, y, room, on = false, colour = null) {
  let shown = text.slice(0, Math.ceil(room / 4));
  while (shown && context.measureText(shown).width > room) shown = shown.slice(0, Math.floor(shown.length * 0.85));
  context.fillStyle = colour || (on ? colours.on : colours.ink);
  if (shown.length === text.length || shown.length > 2) context.fillText(shown === text ? text : `${shown.slice(0, -1)}…`, x, y);
}

/* The first item that ends at a time or after it: items of a lane follow one another. */
function first(lane, t) {
  let low = 0, high = count(lane);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end(lane, middle) < t) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/* The item at a place of the canvas, as [lane, number]; a marker is found from a few pixels off. */
function at(x, y) {
  const place = Math.floor((y - RULER + scroll) / ROW), lane = lanes[place];
  if (x < GUTTER || y < RULER || !lane) return null;
  let best = null, nearest = NEAR + 1;
  for (let i = first(lane, toT(x - NEAR)); i < count(lane) && toX(start(lane, i)) <= x + NEAR; i++) {
    const off = Math.max(toX(start(lane, i)) - x, x - Math.max(toX(end(lane, i)), toX(start(lane, i)) + 3), 0);
    if (off <= nearest) [best, nearest] = [[place, i], off];
  }
  return best;
}
