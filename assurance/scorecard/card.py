"""scorecard.json: everything that the page shows."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from assurance.scorecard.faults import UnknownTestError, fault_matrix
from assurance.scorecard.limits import CAVEATS, known_limits
from assurance.scorecard.lines import layers
from assurance.scorecard.others import OTHERS
from assurance.scorecard.refusal_matrix import refusal_matrix
from assurance.scorecard.results import RESULTS, Campaign, Present, details, rows
from assurance.scorecard.seeded import seeded_bugs
from assurance.scorecard.tests_by_category import CollectionError, collected, counted
from tyrne.compiler import CompileError
from tyrne.compiler.build import image_bytes
from tyrne.system.build import kernel_elf
from tyrne.system.errors import RequestError
from tyrne.system.kernel_source import digest
from tyrne.system.select import load_system, select


class CardError(Exception):
    """Something that is counted now could not be; the text says what."""


def made(campaigns: tuple[Campaign, ...], folder: Path = RESULTS) -> dict[str, Any]:
    """The card of the present sources, with what campaigns have left in a folder."""
    try:
        present = Present(digest(), tuple(image_of(release) for release in (False, True)))
        tests = collected()
        return {
            "command": "make scorecard",
            **asdict(present),
            "rows": [row.to_json() for row in rows(campaigns, present, folder)],
            "details": details(campaigns, folder),
            "layers": layers(),
            "tests": counted(tests),
            "others": [asdict(other) for other in OTHERS],
            "faults": fault_matrix(tests),
            "refusals": refusal_matrix(folder),
            "seeded": seeded_bugs(),
            "limits": known_limits(CAVEATS.read_text()),
        }
    except CollectionError as error:
        raise CardError(f"the tests cannot be collected; try: pytest --collect-only\n{error}") from None
    except (UnknownTestError, RequestError, CompileError, CalledProcessError, ValueError) as error:
        raise CardError(str(error)) from None


def image_of(release: bool) -> str:
    """SHA-256 of the flat image that `make qemu` boots, of the present sources."""
    return sha256(image_bytes(kernel_elf(load_system(select([])), release=release))).hexdigest()
