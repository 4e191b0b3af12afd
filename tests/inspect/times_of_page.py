"""How long the page of `tyrne ui` takes on a long run: `python tests/inspect/times_of_page.py [--turns N] [--work N]`.

A table of what a user waits for: from the command to the first position, and from a key to a page that has changed, in
a headless Chromium. Behind each time stands in parentheses how long the processors worked meanwhile, for tyrne and for
the browser together: about what it takes on a computer that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from browser import Page, browser
from small_programs import system

from tyrne.abi import CallNumber
from tyrne.system.run import Machine
from tyrne.testing import run_system

KEYS = {"→": "ArrowRight", "←": "ArrowLeft", ".": ".", ",": ","}
TABS = ("timeline", "capabilities", "waits", "memory", "messages", "instructions")
SAMPLES = 15
SHOWN = "typeof state !== 'undefined' && state !== null && !busy"
PRESSED = """new Promise((done) => {
    const begun = performance.now(), before = state.at;
    let changed = begun;
    const watch = new MutationObserver(() => { changed = performance.now(); });
    watch.observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
    document.dispatchEvent(new KeyboardEvent("keydown", { key: KEY }));
    const look = () => {
        if (busy) return setTimeout(look, 25);
        watch.disconnect();
        done([changed - begun, state.at !== before]);
    };
    setTimeout(look, 25);
})"""
"""Milliseconds from a key to the last change of the page, and whether it is elsewhere now."""


def turns(count: int, work: int) -> bytes:
    """The code of a task that counts `work` instructions down, yields, and so on, `count` times."""
    exit_code, yields = CallNumber.TASK_EXIT.value, CallNumber.TASK_YIELD.value
    code = (
        0xD280_0013 | (count & 0xFFFF) << 5,  # movz x19
        0xF2A0_0013 | (count >> 16) << 5,  # movk x19, lsl 16
        0xD280_0014 | (work // 2) << 5,  # movz x20
        0xF100_0694,  # subs x20, x20, #1
        0x54FF_FFE1,  # b.ne to it
        0xD280_0008 | yields << 5,
        0xD400_0001,  # svc
        0xF100_0673,  # subs x19, x19, #1
        0x54FF_FF41,  # b.ne to the third
        0xD280_0000,
        0xD280_0008 | exit_code << 5,
        0xD400_0001,
    )
    return b"".join(word.to_bytes(4, "little") for word in code)


@contextmanager
def served(run: Path) -> Iterator[str]:
    """`tyrne ui` of a run, and its address."""
    command = [sys.executable, "-m", "tyrne", "ui", str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.kill()


def wait(page: Page, expression: str) -> None:
    while not page.evaluate(expression):
        time.sleep(0.01)


def press(page: Page, key: str) -> float:
    """Milliseconds."""
    wait(page, SHOWN)
    taken, moved = page.evaluate(PRESSED.replace("KEY", json.dumps(key)))
    assert moved, page.evaluate("document.getElementById('told').textContent")
    return float(taken)


def go(page: Page, position: str) -> float:
    """Seconds."""
    begun = time.monotonic()
    page.evaluate(f"queue('jump', () => go('{position}'))")
    wait(page, SHOWN)
    return time.monotonic() - begun


def worked() -> float:
    """Seconds that processors have worked for what was started here and still is: tyrne, and the browser."""
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            seconds[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    ours = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(seconds[each] for each in ours - {os.getpid()})


def row(page: Page, where: str, keys: dict[str, str]) -> None:
    shown = []
    for sign, key in keys.items():
        before = worked()
        taken = [press(page, key) for _ in range(SAMPLES)]
        work = 1000 * (worked() - before) / SAMPLES
        shown.append(f"{sign} {statistics.median(taken):.0f}, at most {max(taken):.0f} ({work:.0f})")
    print(f"  {where}: {'; '.join(shown)}", flush=True)


def measure(page: Page, run: Path, transitions: int) -> None:
    begun, before = time.monotonic(), worked()
    with served(run) as address:
        listens = time.monotonic() - begun
        page.visit("about:blank")
        page.visit(address)
        wait(page, SHOWN)
        shows, work = time.monotonic() - begun, worked() - before
        print(f"{run.name}, s: listens after {listens:.1f}, shows its start after {shows:.1f} ({work:.1f})", flush=True)
        row(page, "while the run is read, ms", KEYS)
        wait(page, "(async () => (await ask('about')).done)()")
        print(f"  all is read after {time.monotonic() - begun:.0f} s")
        print(f"  the first way to the middle: {go(page, f'{transitions // 2}+7'):.1f} s", flush=True)
        for number, tab in enumerate(TABS, 1):
            if not page.evaluate(f"{number} <= document.getElementById('tabs').children.length"):
                continue
            page.press(str(number))
            wait(page, SHOWN)
            row(page, f"in the middle, {tab}, ms", KEYS)
        page.press("1")
        print(f"  the first way to the end: {go(page, f'{transitions}+0'):.1f} s")
        row(page, "at the end, ms", {"←": KEYS["←"], "→": KEYS["→"], ",": KEYS[","]})
        print(f"  back to the middle: {1000 * go(page, f'{transitions // 2 + 177}+3'):.0f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=50_000, help="of each of two tasks")
    parser.add_argument("--work", type=int, default=1000, help="instructions of a turn")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, browser(Path(name) / "profile") as page:
        folder = Path(name)
        code = turns(asked.turns, asked.work)
        described = system(folder, "", one=(code, ""), two=(code, ""))
        begun = time.monotonic()
        ran = run_system(described, Machine.HOSTED.value, max_instructions=0).report()
        print(f"{ran['instructions']:,} instructions; a hosted run takes {time.monotonic() - begun:.0f} s", flush=True)
        report = folder / "report.json"
        report.write_text(json.dumps(ran))
        for run in (described, report):
            measure(page, run, 2 * asked.turns)


if __name__ == "__main__":
    main()
