"""The programs and system descriptions that come with Tyrne: in a checkout at its root, installed under share/tyrne."""

from __future__ import annotations

from pathlib import Path

from tyrne.system.errors import RequestError

_CHECKOUT = Path(__file__).parents[3]


def shipped(name: str) -> Path:
    """The path of a shipped file, such as "systems/hello.toml"; RequestError when the installation lacks it."""
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / name).is_file():
        return _CHECKOUT / name
    from importlib import metadata  # here: it is slow to import, and a checkout does without

    try:
        files = metadata.files("tyrne") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(f"share/tyrne/{name}"):
            path = Path(str(file.locate())).resolve()
            if path.is_file():
                return path
    raise RequestError(f"{name}: not in this installation; install tyrne again, or name a system or program")
