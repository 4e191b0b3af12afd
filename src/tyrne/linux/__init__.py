"""Linux executables as programs: static AArch64 files that were built for Linux run as tasks, unchanged.

| | |
|---|---|
| `abi.py` | for which system a file was built, as its notes say |
| `executable.py` | a file of Linux, read and checked |
| `patch.py` | each system call of its code becomes a branch into the library OS |
| `start.py` | what a program starts with: arguments, environment, heap, handles |
| `library.py` | the library OS, built once from `c/` |
| `calls.py`, `numbers.py` | which calls it answers, and what all of Linux's are called |
| `driver.py`, `note.S` | `tyrne cc`: zig's compiler, and the note that says for which system it builds |
| `document.py` | docs/linux.md |
| `c/` | the library OS: `entry.S`, `dispatch.c`, and a file for each group of calls |
"""
