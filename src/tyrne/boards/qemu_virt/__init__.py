"""QEMU's `virt` board with a Cortex-A72: all assembly and all MMIO of the metal machine."""
