"""The compiler of Kernel Python: typed Python in, one readable C file out. docs/language.md is the language's manual.

The folders are its pipeline: `front` (mypy's types), `image` (import, measure, snapshot), `rules` (what the language
refuses), `lower` (functions and types), `emit` (C text), `build` (from C to an image, a program or a library, with
clang). `runtime` has the C headers that every unit includes. Who translates imports `translate`: a result in the cache
needs no more than what stands here.
"""

from tyrne.compiler.unit import RUNTIME, CompileError, Target, Unit

__all__ = ["RUNTIME", "CompileError", "Target", "Unit"]
