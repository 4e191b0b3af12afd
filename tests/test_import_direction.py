"""Imports run one way, so that each part can be read, tested and replaced without those above it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tyrne

ROOT = Path(tyrne.__file__).parent

ALLOWED: dict[str, set[str]] = {
    "lang": set(),
    "hal": {"lang"},
    "abi": {"hal", "lang"},
    "kernel": {"abi", "hal", "lang"},
    "boot": {"kernel", "abi", "hal", "lang"},
    "user": {"rows", "abi", "lang"},
    "boards": {"boot", "kernel", "abi", "hal", "lang"},
    "compiler": {"host_file", "lang"},
    "linux": {"host_file", "compiler", "abi", "hal", "lang"},
    "hosted": {
        *("boards.native", "boards.qemu_virt.memory_map"),
        *("boot", "compiler", "kernel", "abi", "hal", "lang"),
    },
    "system": {"host_file", "linux", "hosted", "boards", "boot", "compiler", "kernel", "abi", "hal", "lang"},
    "inspect": {"host_file", "system", "hosted", "boot", "kernel", "abi", "hal", "lang"},
    "debug": {"inspect", "system", "hosted", "kernel", "hal"},
    "testing": {"rows", "inspect", "system", "hosted", "boards", "boot", "compiler", "kernel", "abi", "hal", "lang"},
    "labs": {"host_file", "testing", "system"},
    "cli": {
        "labs",
        *("debug", "inspect", "system", "linux.driver", "boot.start"),
        *("hosted.happened", "hosted.kept", "hosted.recorder", "hosted.stop"),
    },
}
"""What each part may import besides itself; a dotted name allows just that module. `rows` and `host_file` import
nothing."""

MACHINE_ACCESS = {"boards", "user", "lang"}
"""The parts with files that may import tyrne.lang.machine."""


def modules() -> Iterator[Path]:
    return (path for path in sorted(ROOT.rglob("*.py")) if path.parent != ROOT)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of each tyrne module or name that a file imports, at any depth of its blocks."""
    package = ["tyrne", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "tyrne")
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
            if name.split(".")[0] == "tyrne":
                yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)


def within(name: str, part: str) -> bool:
    return name == f"tyrne.{part}" or name.startswith(f"tyrne.{part}.")


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_a_part_imports_only_what_is_below_it(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] == part
        for line, name in imports(path)
        if not any(within(name, allowed) for allowed in {part, *ALLOWED[part]})
    ]
    assert not wrong


def test_every_part_has_its_place_in_the_order() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} <= set(ALLOWED)


def test_only_boards_and_the_user_library_touch_the_machine() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] not in MACHINE_ACCESS
        for line, name in imports(path)
        if within(name, "lang.machine")
    ]
    assert not wrong


def test_the_kernel_names_no_library() -> None:
    """Boot, the kernel and what is below use only the language and the few standard modules that describe types."""
    standard = {"__future__", "collections", "dataclasses", "enum", "typing", "tyrne"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] in ("lang", "hal", "abi", "kernel", "boot")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        if name.split(".")[0] not in standard
    ]
    assert not wrong
