"""For tests: small kernels, whole systems, and what must hold of every one of them."""
