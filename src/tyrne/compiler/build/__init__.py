"""The build stage: C and assembly to objects, kernel images, user programs and host libraries, all cached."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tyrne.compiler.build.c_program import CProgram, build_c_program, warnings_of
    from tyrne.compiler.build.debugger import gdb_command
    from tyrne.compiler.build.host import CompiledTrap, HostLibrary, build_host_library, load_host_library
    from tyrne.compiler.build.image import image_bytes, link_kernel
    from tyrne.compiler.build.objects import AssemblyUse, Bound, Objects, build_kernel_objects, build_objects
    from tyrne.compiler.build.translation import translated
    from tyrne.compiler.build.user import build_user_program, build_user_python

__all__ = [
    "AssemblyUse",
    "Bound",
    "CProgram",
    "CompiledTrap",
    "HostLibrary",
    "Objects",
    "build_c_program",
    "build_host_library",
    "build_kernel_objects",
    "build_objects",
    "build_user_program",
    "build_user_python",
    "gdb_command",
    "image_bytes",
    "link_kernel",
    "load_host_library",
    "translated",
    "warnings_of",
]

_MODULES: Final = {
    "c_program": ("CProgram", "build_c_program", "warnings_of"),
    "debugger": ("gdb_command",),
    "host": ("CompiledTrap", "HostLibrary", "build_host_library", "load_host_library"),
    "image": ("image_bytes", "link_kernel"),
    "objects": ("AssemblyUse", "Bound", "Objects", "build_kernel_objects", "build_objects"),
    "translation": ("translated",),
    "user": ("build_user_program", "build_user_python"),
}
"""Where each of them is. It is imported by who uses it: a run of what is in the cache needs none."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
