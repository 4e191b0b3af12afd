"""Random AArch64 code at EL0, in batches of tasks, whose every report must be the same on each machine."""
