"""One view of a kernel between two traps, whichever machine it runs on."""
