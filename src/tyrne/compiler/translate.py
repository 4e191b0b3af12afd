"""From a root module to a unit, in a fresh process: options are chosen before anything is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tyrne.compiler.front.modules import Module, Root, closure, find_root
from tyrne.compiler.unit import CompileError, Target, Unit, read_unit

if TYPE_CHECKING:
    from tyrne.compiler.front.check import Checked

SECONDS: Final = 600.0
"""How long a translation may take, by the clock on the wall: what modules do when they are imported may have no end."""
NO_OPTIONS: Mapping[str, bool] = {}
NO_HANDLES: Mapping[str, int] = {}


def inputs(root: str | Path) -> tuple[str, ...]:
    """The files of the import closure of a root (module name or .py file), absolute: what a translation depends on."""
    return tuple(module.path for module in closure(find_root(root)))


def translate(
    root: str | Path,
    target: Target,
    options: Mapping[str, bool] = NO_OPTIONS,
    handles: Mapping[str, int] = NO_HANDLES,
) -> Unit:
    """Translate a root (module name or .py file) and all it imports. Raises CompileError."""
    given = {"target": target.value, "options": dict(options), "handles": dict(handles)}
    return read_unit(_answer(root, given))


def verify(root: str | Path) -> None:
    """What mypy says of a root and all it imports, without a translation. Raises CompileError."""
    _answer(root, {"target": None, "handles": {}})


def _answer(root: str | Path, given: Mapping[str, object]) -> dict[str, Any]:
    """What a fresh process answers to a request, within SECONDS."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from tyrne.compiler.translate import main; main()"],
            input=json.dumps({"root": str(root), "path": sys.path, **given}),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=None,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        what = f"not compiled within {SECONDS:g} s; its modules are imported, let what they do then come to an end"
        raise CompileError(f"{root}:1: {what}") from None
    try:
        answer, _ = json.JSONDecoder().raw_decode(done.stdout.rpartition(_MARK)[2])
    except ValueError:
        if not done.stderr:
            what = "the process ended while the modules were imported; import them without exiting"
            raise CompileError(f"{root}:1: {what}") from None
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise CompileError(f"{root}:1: internal compiler error ({last}), please report") from None
    if "error" in answer:
        raise CompileError(answer["error"])
    assert isinstance(answer, dict)
    return answer


_MARK = "\x00tyrne unit\x00"
"""What comes before the answer: an imported module may print."""


def main() -> None:
    """The fresh process: a request on standard input, the unit, nothing or an error on standard output, as JSON."""
    import gc

    from tyrne.lang.handles import asked_handles, set_handles

    gc.disable()
    sys.dont_write_bytecode = True  # Python would take it for that of a source of the same second and length
    output = os.fdopen(os.dup(1), "w")  # An imported module may close its own.
    request = json.load(sys.stdin)
    sys.path[:] = [*sys.path, *(p for p in request["path"] if p not in sys.path)]
    try:
        set_handles(request["handles"])
        if request["target"] is None:
            verify_here(request["root"])
            answer = {}
        else:
            unit = translate_here(request["root"], Target(request["target"]), request["options"])
            answer = {**asdict(unit), "asked": asked_handles()}
    except CompileError as error:
        answer = {"error": str(error)}
    output.write(_MARK + json.dumps(answer))
    output.close()
    os._exit(0)  # to take mypy's trees apart one by one would take as long as half of its check


def translate_here(root: str | Path, target: Target, options: Mapping[str, bool]) -> Unit:
    """The same in this process, which must not have imported the program with other options."""
    from tyrne.compiler.front.check import check

    found = find_root(root)
    modules = closure(found)
    return compile_modules(found, modules, check(modules), target, options)


def verify_here(root: str | Path) -> None:
    """`verify` in this process."""
    from tyrne.compiler.front.check import check
    from tyrne.compiler.front.reject import Errors

    errors = Errors()
    modules = closure(find_root(root))
    check(modules).report(modules, errors)
    errors.raise_any()


def compile_modules(
    root: Root, modules: list[Module], checked: Checked, target: Target, options: Mapping[str, bool]
) -> Unit:
    """From checked modules to the unit."""
    from tyrne.compiler.emit.unit import Writer
    from tyrne.compiler.front.reject import Errors, Reject
    from tyrne.compiler.image.load import load
    from tyrne.compiler.lower.program import Program
    from tyrne.compiler.rules.exports import check_exports
    from tyrne.compiler.rules.machine import check_machine
    from tyrne.compiler.rules.marks import check_marks
    from tyrne.compiler.rules.recursion import check_recursion

    errors = Errors()
    checked.report(modules, errors)
    for module in modules:
        check_machine(module, errors)
        if module.name in checked.trees and not module.is_language:
            check_marks(checked.trees[module.name], module.path, errors)
    errors.raise_any()
    load(root, modules, options)
    program = Program(modules, checked, errors)
    try:
        program.run()
        check_exports(program.instances, target, str(root.path), errors)
        check_recursion(program.instances, errors)
        errors.raise_any()
        return Writer(program, target, root.name).unit(modules)
    except Reject as reject:
        errors.add_reject(reject, str(root.path), 1)
        errors.raise_any()
        raise
