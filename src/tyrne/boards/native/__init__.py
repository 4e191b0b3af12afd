"""The kernel as a library in a host process: RAM is host memory, and a journal says what the kernel does."""
