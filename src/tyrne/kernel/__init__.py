"""The kernel: one file per object or mechanism, no hardware. Start with kernel.py, then system_calls.py.

Principles: no ambient authority; checks before effects; a failed call changes nothing; missing context fails
closed; no input from EL0 can stop the kernel; every trap runs to completion on one stack.
"""
