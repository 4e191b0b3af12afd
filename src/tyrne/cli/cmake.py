"""The toolchain file for CMake that `tyrne cc --toolchain` writes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

_FILE: Final = """\
# Static programs of Linux for AArch64, which tyrne run runs. Written by tyrne cc --toolchain; for
# cmake -DCMAKE_TOOLCHAIN_FILE=.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER {tyrne} cc)
set(CMAKE_CXX_COMPILER {tyrne} c++)
set(CMAKE_ASM_COMPILER {tyrne} cc)
set(BUILD_SHARED_LIBS OFF)
set(CMAKE_SHARED_LIBRARY_LINK_C_FLAGS "")
set(CMAKE_SHARED_LIBRARY_LINK_CXX_FLAGS "")
foreach(language C CXX ASM)
  set(CMAKE_${{language}}_ARCHIVE_CREATE "{rule} ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${{language}}_ARCHIVE_APPEND "{rule} ar q <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${{language}}_ARCHIVE_FINISH "{rule} ranlib <TARGET>")
endforeach()
# Libraries and headers of this computer are not for AArch64: only what stands in CMAKE_FIND_ROOT_PATH is.
list(APPEND CMAKE_FIND_ROOT_PATH "${{CMAKE_CURRENT_LIST_DIR}}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
"""


def toolchain(tyrne: Sequence[str]) -> str:
    """The text of the file; `tyrne` is the command line by which Tyrne is called."""
    words = " ".join(f'"{_escaped(word)}"' for word in tyrne)
    return _FILE.format(tyrne=words, rule=_escaped(shlex.join(tyrne)))


def _escaped(text: str) -> str:
    """In a quoted argument of CMake."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
