"""The lines that the locator finds in TOML texts."""

import textwrap
import tomllib

from tyrne.system.places import Places

TEXT = textwrap.dedent(
    '''\
    # a comment with [brackets] = and "quotes"
    title = """two
    lines"""

    [system]
    name = "x"  # = [

    [[task]]
    name = "a, ] }"
    caps = [
      { console = true },

      { endpoint = "t", rights = ["SEND",
          "RECV"] },
    ]
    [[task]]
    "quoted key" = 'b'
    dotted.key = 1.5
    [task.sub]
    when = 1979-05-27 07:32:00
    '''
)


def test_every_value_of_a_text_has_its_line() -> None:
    tomllib.loads(TEXT)
    places = Places(TEXT)
    expected = {
        (): 1,
        ("title",): 2,
        ("system",): 5,
        ("system", "name"): 6,
        ("task", 0): 8,
        ("task", 0, "name"): 9,
        ("task", 0, "caps"): 10,
        ("task", 0, "caps", 0): 11,
        ("task", 0, "caps", 0, "console"): 11,
        ("task", 0, "caps", 1): 13,
        ("task", 0, "caps", 1, "rights", 0): 13,
        ("task", 0, "caps", 1, "rights", 1): 14,
        ("task", 1): 16,
        ("task", 1, "quoted key"): 17,
        ("task", 1, "dotted", "key"): 18,
        ("task", 1, "sub"): 19,
        ("task", 1, "sub", "when"): 20,
    }
    assert {path: places.line(path) for path in expected} == expected


def test_a_missing_key_is_placed_at_the_table_around_it() -> None:
    assert Places(TEXT).line(("task", 0, "program")) == 8
    assert Places(TEXT).line(("nothing", 3)) == 1
