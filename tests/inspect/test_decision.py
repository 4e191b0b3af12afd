"""The table of objects in decision 40 is that of the classes."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from tyrne.inspect import objects

PAGE = Path(__file__).parents[2] / "docs/decisions/0040-inspection.md"


def test_the_table_of_objects_names_each_class_with_its_fields_in_order() -> None:
    rows = PAGE.read_text().partition("| object | fields |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    told = {row.split(" | ")[0].removeprefix("| "): row.split(" | ")[1].removesuffix(" |") for row in rows}
    classes: list[Any] = [
        thing for thing in vars(objects).values() if is_dataclass(thing) and thing.__module__ == objects.__name__
    ]
    assert told == {each.__name__: ", ".join(field.name for field in fields(each)) for each in classes}
