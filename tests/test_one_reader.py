"""Files that others name are read by tyrne.host_file alone, which neither waits at a pipe nor reads without end."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tyrne

ROOT: Final = Path(tyrne.__file__).parent
READS: Final = ("open", "read_bytes", "read_text")
OWN: Final = {
    "cli/errors.py": "_nobody_reads",
    "cli/main.py": "main",
    "cli/new.py": "create_project",
    "compiler/build/c_program.py": "warnings_of _kinds _fresh_data _read_files",
    "compiler/build/cache.py": "locked _is_whole _opened",
    "compiler/build/edges.py": "read_edges",
    "compiler/build/host.py": "<module> CountingLibrary.__init__ compile_host",
    "compiler/build/host_c.py": "build_host_c",
    "compiler/build/identity.py": "compiler_part file_part",
    "compiler/build/image.py": "image_bytes",
    "compiler/build/inputs.py": "Index.tell Index.key",
    "compiler/build/objects.py": "build_objects",
    "compiler/build/stack.py": "read_functions _read_usage",
    "compiler/build/translation.py": "_known",
    "host_file.py": "read_file",
    "inspect/page.py": "_text",
    "inspect/pictures/svg.py": "style",
    "inspect/ui/server.py": "_file",
    "labs/changed_kernel.py": "ChangedKernel.report",
    "labs/starting.py": "start_lab",
    "labs/work.py": "Work.place",
    "linux/driver.py": "run note_object",
    "linux/library.py": "read_library",
    "rows.py": "check_rows",
    "system/build.py": "build_output _program kernel_elf",
    "system/kernel_source.py": "digest",
    "system/known.py": "_read _tools",
    "system/lines.py": "python_line",
    "system/qemu.py": "Guest.records _first_bytes _last_bytes",
    "system/qemu_disk.py": "QemuDisk._written",
    "system/qemu_memory.py": "QemuMemory.__exit__",
    "system/returned_files.py": "_open_out _folder_in _put_file",
    "user/header.py": "header",
}
"""Functions that open what is tyrne's own: the package, the cache, a folder that a command has made, /dev/null; or that
write, or open a folder."""


def opening(path: Path) -> Iterator[str]:
    """The functions of a module that open files, with the names of their classes."""
    for node in ast.parse(path.read_text()).body:
        within = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in within:
            called = [each.func for each in ast.walk(part) if isinstance(each, ast.Call)]
            names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in called}
            if not names.isdisjoint(READS):
                inside = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                yield inside + getattr(part, "name", "<module>")


def test_files_that_others_name_are_read_by_one_function() -> None:
    """tyrne.testing is left out: it reads what the project's own campaigns have written."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("testing/") and (functions := " ".join(dict.fromkeys(opening(path)))):
            found[name] = functions
    assert found == OWN, "read a file that others name by tyrne.host_file.read_file; a file of tyrne's own is put here"
