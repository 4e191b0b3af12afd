"""Which folders of tests run what."""

HOSTED = ("boards", "boot", "conformance", "hal", "kernel")
"""They run the kernel, or parts of a board, in CPython."""
