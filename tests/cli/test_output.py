"""Lines leave the command by one way."""

import ast
from pathlib import Path

import tyrne.cli

FOLDER = Path(tyrne.cli.__file__).parent


def test_no_line_leaves_the_command_but_by_its_output() -> None:
    """Bytes of tasks, and what rich shows, are the presenter's and the summary's."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(FOLDER.glob("*.py"))
        if path.name != "output.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not found, f"print at {', '.join(found)}; use say or complain of tyrne.cli.output, which escape"
