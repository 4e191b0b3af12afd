"""The first program: a greeting, and the end."""

from __future__ import annotations

from tyrne.lang import export, u64
from tyrne.user import print_bytes


@export
def main() -> u64:
    print_bytes(b"hello from userspace\n")
    return u64(0)
