"""Models of devices: plain Python, each a function of the accesses to its registers, of memory and of time."""
