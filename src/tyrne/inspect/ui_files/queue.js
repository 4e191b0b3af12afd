"use strict";
/* What is asked for is done one after the other, in the order in which it was asked for. What waits is bounded: a jump
   stands for all moves that wait before it, and steps of one kind are made at once. */
const MOST = 16; /* that wait */
const STEPS = 100; /* made at once */
const SLOW = 400; /* milliseconds after which one is told that something is being done */
const waiting = [];
let busy = false;

/* `kind` is jump, which leads to the same place from everywhere; move, which does not; or look, which stays there.
   `action` gets how often it was asked for; `same` is by which one knows it again. */
function queue(kind, action, same) {
  const last = waiting.at(-1);
  if (kind === "jump") {
    const stay = waiting.filter((each) => each.kind === "look");
    waiting.splice(0, waiting.length, ...stay);
  } else if (kind === "move" && last && same && last.same === same) {
    last.count = Math.min(last.count + 1, STEPS);
    return;
  }
  if (waiting.length < MOST) waiting.push({ kind, action, same, count: 1 });
  work();
}

async function work() {
  if (busy) return;
  busy = true;
  while (waiting.length) {
    const next = waiting.shift();
    const slow = setTimeout(() => { $("going").hidden = false; }, SLOW);
    try {
      await next.action(next.count);
    } catch (error) {
      tell(error.message, "why");
    }
    clearTimeout(slow);
    $("going").hidden = true;
  }
  busy = false;
}
