"""A debugger for programs: one session over a run, and gdb's protocol in front of it."""
