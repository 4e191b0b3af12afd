"""Which authority can ever come to whom, by the rules of the kernel."""
