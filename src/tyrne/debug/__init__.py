"""A debugger for programs: a run, or a machine that runs now, behind the protocols of gdb and of editors."""
