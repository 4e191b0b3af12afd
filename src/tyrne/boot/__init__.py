"""What runs once, before the first task: from a machine with nothing but memory to the first system."""
