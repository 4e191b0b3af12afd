"""The machine in Python: RAM, a CPU that runs real AArch64 code at EL0, and the kernel between its traps."""
