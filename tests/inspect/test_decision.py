"""The tables of objects in decision 40, and of events in decision 42, are those of the classes."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

from tyrne.inspect import events, objects

DECISIONS = Path(__file__).parents[2] / "docs/decisions"


def table(page: str, head: str) -> dict[str, str]:
    """The fields that a table tells of each class."""
    text = (DECISIONS / page).read_text().partition(f"| {head} | fields |\n|---|---|\n")[2]
    rows = (tuple(row.strip("| ").split(" | ", 1)) for row in text.partition("\n\n")[0].splitlines())
    return dict(rows)


def test_the_table_of_objects_names_each_class_with_its_fields_in_order() -> None:
    classes: list[Any] = [
        thing for thing in vars(objects).values() if is_dataclass(thing) and thing.__module__ == objects.__name__
    ]
    told = {each.__name__: ", ".join(field.name for field in fields(each)) for each in classes}
    assert table("0040-inspection.md", "object") == told


def test_the_table_of_events_names_each_kind_with_its_fields_in_order() -> None:
    kinds: tuple[Any, ...] = get_args(events.Event)
    told = {kind.__name__: ", ".join(field.name for field in fields(kind)) for kind in kinds}
    assert table("0042-timeline.md", "event") == {"Moment": ", ".join(events.Moment._fields)} | told
