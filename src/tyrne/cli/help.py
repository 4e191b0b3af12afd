"""What `--help` shows, and what stands for a command that does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from tyrne.system.select import ENDINGS
from tyrne.system.similar import meant


def _without_types(parameters: list[Any]) -> list[Any]:
    """A flag takes no value, and an argument's name says what it is: neither shows a type."""
    for parameter in parameters:
        if isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
        elif isinstance(parameter, TyperArgument):
            parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    return parameters


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class Commands(TyperGroup):
    """The command as a whole."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A command in other letters, or nearly one; a system in its place is one that somebody wants to run."""
        first = args[0]
        if first not in self.commands and not first.startswith("-"):
            if Path(first).suffix in ENDINGS and "run" in self.commands:
                ctx.fail(f"No such command '{first}'; did you mean \"{ctx.command_path} run {first}\"?")
            ctx.fail(f"No such command '{first}'{meant(first, self.commands)}")
        return super().resolve_command(ctx, args)
