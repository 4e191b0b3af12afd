"""What campaigns have left in assurance/results/, and what of it stands on the scorecard."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parents[1] / "results"
CARD: Final = RESULTS / "scorecard.json"
"""What the page shows; written together with it."""

Data = dict[str, Any]
Figures = list[tuple[str, str]]
Details = list[str]


class About(Enum):
    """Which kernel a figure is about."""

    THIS = "this kernel"
    EARLIER = "an earlier kernel"
    NOTHING = "not measured"
    BROKEN = "unreadable"


@dataclass(frozen=True)
class Row:
    """One figure. `command` makes it; `kernel` is the digest of the kernel that it is about, or nothing."""

    figure: str
    value: str
    command: str
    about: str
    kernel: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Present:
    """What the card is about: the digest of the kernel, and the SHA-256 of the images that the sources give."""

    kernel: str
    images: tuple[str, ...] = ()


def of_this_kernel(data: Data, present: Present) -> bool:
    return bool(data["kernel"] == present.kernel)


@dataclass(frozen=True)
class Campaign:
    """What a long run is about. It leaves `name`.json; `figures` picks what stands on the card, `details` lines below
    it, and `is_present` says whether it is about the present sources. All three raise KeyError, TypeError or ValueError
    where something is missing."""

    name: str
    title: str
    command: str
    figures: Callable[[Data], Figures]
    details: Callable[[Data], Details] = lambda data: []
    is_present: Callable[[Data, Present], bool] = of_this_kernel


def read(name: str, folder: Path = RESULTS) -> Data | None:
    """The JSON object that a campaign has left; None when it left none. ValueError for a file that is none."""
    path = folder / f"{name}.json"
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("kernel"), str):
        raise ValueError(f"{path}: is not an object with the digest of its kernel")
    return data


def rows(campaigns: tuple[Campaign, ...], present: Present, folder: Path = RESULTS) -> list[Row]:
    """The rows of all campaigns, for a scorecard of the present sources."""
    return [row for campaign in campaigns for row in _rows(campaign, present, folder)]


def details(campaigns: tuple[Campaign, ...], folder: Path = RESULTS) -> dict[str, Details]:
    """The lines of each campaign that has any; what cannot be read has a row that says so."""
    found = {}
    for campaign in campaigns:
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            data = read(campaign.name, folder)
            if data is not None and (lines := campaign.details(data)):
                found[campaign.title] = lines
    return found


def _rows(campaign: Campaign, present: Present, folder: Path) -> list[Row]:
    try:
        data = read(campaign.name, folder)
        if data is None:
            return [Row(campaign.title, "", campaign.command, About.NOTHING.value, "")]
        command = str(data.get("command", campaign.command))
        campaign.details(data)
        about = About.THIS if campaign.is_present(data, present) else About.EARLIER
        return [
            Row(f"{campaign.title}: {label}", value, command, about.value, data["kernel"])
            for label, value in campaign.figures(data)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [Row(campaign.title, f"{campaign.name}.json: {error!r}", campaign.command, About.BROKEN.value, "")]
