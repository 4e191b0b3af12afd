"""Mutation of the kernel's checks: each is broken in turn, and a test must notice. README.md says how."""
