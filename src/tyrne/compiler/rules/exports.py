"""What a program must export to be a program at all."""

from __future__ import annotations

from collections.abc import Mapping

from tyrne.compiler.front.reject import Errors
from tyrne.compiler.lower.function import Instance
from tyrne.compiler.lower.types import U32, VOID
from tyrne.compiler.unit import Target

PANIC = "@export def panic(kind: u32, file: u32, line: u32) -> None"


def check_exports(instances: Mapping[str, Instance], target: Target, root: str, errors: Errors) -> None:
    """Something is exported; and a user program has a panic function, which its failed checks call."""
    exports = [instance for instance in instances.values() if instance.is_exported]
    if not exports:
        errors.add(root, 1, "nothing is exported; mark the entry points with @export")
    panic = instances.get("k_panic")
    if panic is None:
        if target is Target.USER:
            errors.add(root, 1, f"no panic function; write `import tyrne.user`, which has one, or {PANIC}")
    elif [t for _, t in panic.parameters] != [U32, U32, U32] or panic.result != VOID:
        errors.add(panic.module.path, panic.node.line, f"panic has another signature; write {PANIC}")
