"""C text, the assembler's offsets, cffi's declarations and the description of types, from the lowered program."""
