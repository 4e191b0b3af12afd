"""Programs of other people, as tasks: what each prints and how it ends, beside what qemu-user says of the same file.

`programs.toml` names them, and was written before any of them ran.
"""
