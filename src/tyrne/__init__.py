"""Tyrne: a capability-based microkernel whose whole source is typed Python."""
