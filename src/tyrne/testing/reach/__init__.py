"""`reach` against the kernel: random small systems, and nothing ever comes about there that it denies."""
