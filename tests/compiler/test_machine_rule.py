"""Machine access stays in boards and the user library, and each use has an audit tag."""

from __future__ import annotations

import ast

import pytest

from tyrne.compiler import CompileError
from tyrne.compiler.front.modules import Module
from tyrne.compiler.front.reject import Errors
from tyrne.compiler.rules.machine import check_machine

IMPORT = "from tyrne.lang.machine import SystemRegister, read_register\n"
TAGGED = "value = read_register(SystemRegister.TCR_EL1)  # audit: U-03\n"
TAGGED_ABOVE = "# audit: U-03\nvalue = read_register(SystemRegister.TCR_EL1)\n"


def found(name: str, source: str) -> str:
    errors = Errors()
    check_machine(Module(name, "/m.py", ast.parse(source), source.splitlines(), False), errors)
    try:
        errors.raise_any()
    except CompileError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("source", [IMPORT + TAGGED, IMPORT + TAGGED_ABOVE])
def test_a_board_and_the_user_library_use_it_under_a_tag(source: str) -> None:
    assert found("tyrne.boards.some.uart", source) == ""
    assert found("tyrne.user.calls", source) == ""


def test_a_program_outside_the_package_needs_no_tag() -> None:
    assert found("program_hello", IMPORT + "value = read_register(SystemRegister.TCR_EL1)\n") == ""


@pytest.mark.parametrize("name", ["tyrne.kernel.task", "tyrne.hal.timer", "tyrne.system.manifest"])
def test_others_do_not_import_it(name: str) -> None:
    message = "/m.py:1: tyrne.lang.machine outside a board; ask the board for the operation"
    assert found(name, IMPORT + TAGGED) == message
    assert message in found(name, "from tyrne.lang import machine\n")
    assert message in found(name, "import tyrne.lang.machine\n")


def test_a_use_without_a_tag_is_refused() -> None:
    source = IMPORT + "\nvalue = read_register(SystemRegister.TCR_EL1)\n"
    message = "/m.py:3: read_register without an audit tag; write `# audit: U-NN` here or on the line above"
    assert found("tyrne.boards.some.uart", source).startswith(message)


def test_the_whole_module_is_not_imported() -> None:
    message = "/m.py:1: import of the whole of tyrne.lang.machine; import the names that are used"
    assert found("tyrne.boards.some.uart", "import tyrne.lang.machine\n") == message
