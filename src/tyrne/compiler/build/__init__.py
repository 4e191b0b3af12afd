"""The build stage: C and assembly to objects, kernel images, user programs and host libraries, all cached."""

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
