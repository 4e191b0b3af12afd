"""The handle words of a program's capabilities, by the names that the description of its system gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tyrne.lang.integers import u64

_WORDS: Final[dict[str, int]] = {}
_ASKED: Final[dict[str, int | None]] = {}


class HandleError(LookupError):
    """A program asks for a capability that its task does not have."""


def identifier(name: str) -> str:
    """A name as handles are compared by it: letters in lower case, `_` for what an identifier cannot have."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())


def handle(name: str, otherwise: int | None = None) -> u64:
    """The handle word of the capability of this name, at module level: TABLE: Final = EndpointCap(handle("table")).

    `otherwise` is the word if the task has none; without it that ends the build.
    """
    key = identifier(name)
    _ASKED[key] = otherwise
    word = _WORDS.get(key, otherwise)
    if word is None:
        known = ", ".join(sorted(_WORDS)) or "none"
        mend = f'ask for one of these, or give one name = "{key}" in the description'
        raise HandleError(f'the task has no capability "{name}" (it has {known}); {mend}')
    return u64(word)


def set_handles(words: Mapping[str, int]) -> None:
    """Choose the handles of this process, before any module that asks for them is imported."""
    _WORDS.clear()
    _WORDS.update(words)
    _ASKED.clear()


def asked_handles() -> dict[str, int | None]:
    """What was asked for since the handles were set, and the word that was to be taken otherwise."""
    return dict(_ASKED)
