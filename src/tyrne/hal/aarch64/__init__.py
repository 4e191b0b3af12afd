"""What AArch64 gives: traps, registers, page tables."""
