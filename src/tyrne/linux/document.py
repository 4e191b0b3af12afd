"""docs/linux.md: what a program of Linux finds. `python -m tyrne.linux.document > docs/linux.md` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from tyrne.linux.calls import CALLS, MOST_TOLD, TOLD, Call
from tyrne.linux.driver import TARGET, WHY
from tyrne.linux.numbers import NAMES, NUMBERS
from tyrne.linux.start import DEFAULT_HEAP_PAGES, MOST_OUT_BYTES, STACK_PAGES

PATH: Final = Path(__file__).parents[3] / "docs" / "linux.md"
_FLAGS: Final = "\n".join(
    f"| `{flag}` | {why} |" for flag, why in {" ".join(TARGET): "what to build for", **WHY}.items()
)
_HEAD: Final = f"""\
# Programs of Linux

Generated from the table of calls: `python -m tyrne.linux.document > docs/linux.md`.

`tyrne run ./busybox -- sh -c 'echo $((6*7))'` runs a static Linux executable for AArch64 as a task, on every machine.
Each `svc #0` of its code becomes a branch into a library that does what Linux would do, by system calls of Tyrne,
with the capabilities of the task ([decision 39](decisions/0039-programs-of-linux.md)). The library is no boundary: a
program may go past it, to the same capabilities. The kernel is the boundary.

## Which files

- Static executables for AArch64, position-independent ones too. A dynamically linked one is refused.
- That one is for Linux is said by its notes (glibc's ABI tag, Android's, EI_OSABI), or by who runs it: `--abi linux`,
  or `abi = "linux"` in its `[[task]]`. Programs of musl have no such note, so they need it, but for those that
  `tyrne cc` links: it puts the ABI tag in. Nobody guesses; of a file that does not say so, and calls what only Linux
  has, a warning says how to run it.
- Words that look like `svc #0` where symbols say that data lies (`$d`) stay as they are, and a warning says where. Code
  that a program makes while it runs cannot be executed: EACCES.

## From C

`tyrne cc` is clang and the musl of the ziglang package, for static executables of AArch64. What stands behind it
reaches the compiler as it is; streams and exit status are the compiler's. It adds, in front, so that a user's win:

| | |
|---|---|
{_FLAGS}
| the ABI tag | where an executable is linked, and no `-target` of the user's own says for what |

`tyrne c++` has LLVM's C++ library; `tyrne ar` and `tyrne ranlib` make archives. `tyrne cc --print-flags` shows tools
and flags as variables for make, `tyrne cc --toolchain FILE` writes a toolchain file for CMake
([the guide](guide.md#c-projects)). None of it is for programs of Tyrne's own interface: those have `tyrne.h`.

## What a program starts with

| | |
|---|---|
| arguments | the name of its file, then what stands behind `--`, or `args` of its task |
| environment | empty, or `env` of its task |
| stack | {STACK_PAGES} pages, or `stack_pages` |
| heap | {DEFAULT_HEAP_PAGES} pages, or `heap_pages`: so much memory it may have, made when it asks for it |
| standard output and error | the debug console, if the task has it, under the name `console` |
| standard input | what `--input`, or `stdin` of its task, gives it; then it is at its end |
| time | by a capability over the clock, named `clock`; to sleep with one thread, also a notification named `quiet` |
| random bytes | the same for the same program and arguments: nothing for secrets |
| files | a copy of those of `--files`, or `files` of its task; /tmp; /dev/null, zero, random, urandom |
| what comes back | what it has changed, by `--out` or `out`: as much as its heap, up to {MOST_OUT_BYTES >> 20} MiB |
| auxiliary vector | AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY, AT_RANDOM, AT_SECURE, AT_HWCAP, AT_EXECFN, … |

Files come back when the program ends by `exit` or a signal of its own; who faults leaves none. Folders are made, links
and devices left out. What was removed is said, and nothing is deleted ([decision 47](decisions/0047-files-back.md)).

Memory is made by the quota of the task ([decision 51](decisions/0051-heap-by-quota.md)): `mmap` with PROT_NONE reserves
addresses, some 240 TiB of them, which take none; `mprotect`, or `mmap` with MAP_FIXED, makes it there, in zeros. When
all has been used up a call answers ENOMEM, and nothing has changed. What was never made cannot be touched; what was can
be, whatever its protection is later.

A pointer that leads nowhere is a fault of the task where Linux answers EFAULT. An exit code is taken modulo 256; a task
that ends itself by a signal, as `abort` does, ends with 128 and the number of the signal.

## Threads

A program has one thread, or as many at once as `threads` of its task says, up to 8. Each is a task in its space, `x.2`,
`x.3` and so on beside the first one, `x`; a task `x.keeper` starts and ends them
([decision 49](decisions/0049-threads-of-linux-programs.md)). `pthread_create` beyond them fails with EAGAIN, and
`tyrne run` says so once. They take turns on the one processor.

- The stack of a thread comes out of the heap. What `zig cc` links asks for 8 MiB each: `-Wl,-z,stack-size=131072` says
  less, or `pthread_attr_setstacksize` does.
- A wait until a time takes a capability over the clock, named `clock`; threads need no notification named `quiet`.
- A fault of one thread that nobody handles ends the program, and is told of that thread.
- `exit_group` of any thread ends all of them, and the first one exits with the code.
- There are no robust mutexes, and none that inherit priorities; no `FUTEX_WAKE_OP`.

## Signals

A program can send signals to itself, and nobody else can: to one of its threads, or to whichever takes it first. Its
handler runs at the end of the call that sends one, or that unblocks it, or in a wait that it ends, with Linux's frame:
`SA_SIGINFO`, `SA_ONSTACK`, `SA_NODEFER`, `SA_RESETHAND`, `SA_RESTORER`, masks, and all registers, also FP/SIMD, which
come back as the handler leaves them in the frame. Signals from 32 on are queued, 65 at most.

- A fault of the program, such as a null pointer, sends SIGSEGV, SIGBUS, SIGILL, SIGTRAP or SIGFPE if `threads` of its
  task is 2 or more; its handler may jump, repair what was wrong and return, or go on elsewhere. If nobody handles it,
  or there is one thread, no handler runs: it is a fault of the task, and told as one.
- Time sends none: `alarm`, `setitimer`, `timer_create` and `signalfd` answer ENOSYS, since code that makes no call
  could not be interrupted.
- A program whose only thread waits for a signal when none is pending would wait for ever: it is told of, and ends with
  137. A thread that makes no call is not interrupted: its handler runs at the end of the next one.
- SIGSTOP ends it with 147. SIGTSTP, SIGTTIN and SIGTTOU do nothing, as on Linux where nobody could continue it.
- To write to a pipe that nobody reads sends SIGPIPE.
- With one thread, a handler that changes the pc in its frame to where no call ends has x16 changed.

## Calls

Any other call answers ENOSYS, and `tyrne run` says so at the end: `tyrne: busybox: clone is not supported; …`; also
when the heap is used up, or threads are too few. With `-q` it says only the last two, and only where the run ends with
another status than 0. `tyrne run --policy` lists what was refused: the call, its path if it has one (of two the
first; {MOST_TOLD} bytes of it), the answer, and how often. EAGAIN, EINTR and ETIMEDOUT are no refusals. What the kernel
refused is in the list, too. The library tells its refusals by calls of Tyrne that no kernel has, which reports and
replays show: {TOLD:#x} and Linux's number; the error in x0, and in x1 to x5 40 bytes of the path.
"""


def text() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_tables(), *_absent()])


def _tables() -> Iterator[str]:
    for group, calls in groupby(CALLS, key=lambda call: call.group):
        yield f"### {group.capitalize()} (`c/{group}.c`)\n"
        yield "| number | call | what it does |\n|---|---|---|"
        for what, same in groupby(calls, key=lambda call: (call.function, call.what)):
            yield _row(list(same), what[1])
        yield ""


def _row(calls: list[Call], what: str) -> str:
    numbers = ", ".join(str(NUMBERS[call.name]) for call in calls)
    names = ", ".join(f"`{call.name}`" for call in calls)
    return f"| {numbers} | {names} | {what} |"


def _absent() -> Iterator[str]:
    answered = {call.name for call in CALLS}
    names = ", ".join(name for name in NAMES.values() if name not in answered)
    yield f"Of the {len(NAMES)} calls that Linux has here {len(CALLS)} are answered. These are not: {names}.\n"


if __name__ == "__main__":
    print(text(), end="")
