"""The kernel in CPython and the compiled kernel take the same traps, and everything that they do is compared."""
