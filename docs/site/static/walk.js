// Shows one step of the walk at a time. The address has the step, so that it can be given to others.
"use strict";
(() => {
  const walk = document.getElementById("walk");
  const steps = [...walk.querySelectorAll(".walk-source")];
  const where = document.getElementById("walk-where");
  const back = document.getElementById("walk-back");
  const on = document.getElementById("walk-on");
  let at = 0;

  function show(step) {
    at = Math.max(0, Math.min(steps.length - 1, step));
    const name = steps[at].id.slice("step-".length);
    for (const part of walk.querySelectorAll(".here")) part.classList.remove("here");
    steps[at].classList.add("here");
    steps[at].closest(".walk-section").classList.add("here");
    for (const code of walk.querySelectorAll(`code[data-step="${name}"]`)) code.classList.add("here");
    where.textContent = `Step ${at + 1} of ${steps.length}.`;
    back.disabled = at === 0;
    on.disabled = at === steps.length - 1;
    history.replaceState(null, "", `#${name}`);
  }

  function named() {
    const found = steps.findIndex((step) => step.id === `step-${location.hash.slice(1)}`);
    return found < 0 ? 0 : found;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea")) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: steps.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  walk.addEventListener("click", (event) => {
    const code = event.target.closest("code[data-step]");
    if (code) show(steps.findIndex((step) => step.id === `step-${code.dataset.step}`));
  });
  back.addEventListener("click", () => show(at - 1));
  on.addEventListener("click", () => show(at + 1));
  window.addEventListener("hashchange", () => show(named()));
  back.hidden = on.hidden = false;
  walk.classList.add("walking");
  show(named());
})();
