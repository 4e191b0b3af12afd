"""The command line: `tyrne run`, `build`, `check` and `new`."""
