"""Random Kernel Python: functions of nested statements over the torture's WORLD, the same for the same seed.

Every variable is assigned before the first branch, loops end by construction, and sizes are kept down by `%`, so that
most runs return; what traps must trap alike on both sides.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

HEADER = """\
from {world} import (
    LIMIT, WORLD, Color, Deep, Mode, Node, Pair, Refusal, Tint, color_number, pick, pick_color, pick_node,
)
from tyrne.lang import export, irange, saturating_sub, u8, u16, u32, u64, wrapping_add, wrapping_mul
"""

NUMBERS = ("a", "b", "v", "w", "LIMIT")
FIELDS = (
    "n.count",
    "m.count",
    "u64(n.small)",
    "n.cells[{i} % 4]",
    "m.cells[(a ^ {i}) % 5]",
    "u64(n.mode)",
    "n.deep.pair.x",
)
CALLS = (
    "n.bump()",
    "m.bump()",
    "m.clear()",
    "color_number(n.color)",
    "color_number(pick_color({i}))",
    "color_number(m.recolor(pick_color({i})))",
    "pick_node({i}).bump()",
    "wrapping_add({i}, {j})",
    "wrapping_mul({i}, {j})",
    "saturating_sub({i}, {j})",
    "Pair({i}, u16({j} % 60000)).total()",
    "u64(u8({i} % 256) // 3)",
)
PLAIN = (
    "{i} < {j}",
    "{i} % 2 == {j} % 2",
    "{i} <= {k} != b",
    "n is m",
    "pick_color({i}) is not Color.RED",
    "n.is_set()",
    "not m.is_set()",
    "n.deep == m.deep",
    "n.mode & Mode.W == Mode.W",
)
NARROWING = (
    "isinstance(n.shape, Pair) and n.shape.x > {k}",
    "isinstance(s, Tint) and s.strength > 20",
    "s is not None and not isinstance(s, Pair)",
    "n.next is not None and n.next.count < {k}",
    "m.shape is None or (isinstance(m.shape, Pair) and m.shape.y < 100)",
    "not isinstance(s, Pair) or s.total() % 2 == {k} % 2",
)
"""Tests that narrow stand where nothing inside tests the same again: mypy calls the rest unreachable."""
USES = (
    ("isinstance(s, Tint)", "w = w % 1000 + u64(s.strength)"),
    ("s is not None and isinstance(s, Pair)", "s = s.swapped()"),
    ("isinstance(n.shape, Pair)", "m.count = n.bump() + n.shape.x % 1000"),
    ("isinstance(n.shape, Tint)", "m.clear()", "v = u64(n.shape.strength)"),
    ("n.next is not None", "n.next.flag = not n.flag"),
    ("n.next is not None", "m.next = None", "v = n.next.bump()"),
    ("n.deep.tint is not None", "n.color = n.deep.tint.color"),
)
STORES = (
    "n.count = {i} % 100000",
    "n.small = u8({i} % 256)",
    "n.small += u8({i} % 9)",
    "m.cells[{i} % 4] = {j} % 100000",
    "m.cells[(a ^ {i}) % 5] += {j} % 1000",
    "n.shape = pick({i})",
    "n.shape = m.shape",
    "s = pick({i})",
    "s = n.shapes[{i} % 3]",
    "m.shapes[(b ^ {i}) % 4] = s",
    "m.shape = s",
    "n.deep = Deep(Pair({i} % 5), m.deep.tint)",
    "n.deep = Deep(m.deep.pair.swapped(), s if isinstance(s, Tint) else None)",
    "n.flag = {c}",
    "m.color = pick_color({i})",
    "n.mode = Mode({i} & 11)",
    "n.mode ^= Mode.X",
    "n = WORLD.nodes[{i} % 3]",
    "m = n",
    "n.next = m if {c} else None",
    "n.peers[{i} % 2] = n.next",
    "WORLD.words.push({i})",
    "n.clear()",
    "v = {i}",
    "w = {i}",
    "v += {i} % 1000",
    "w = w * 3 % 100000 + {i} % 7",
    "v ^= {i}",
    "w >>= {i} % 5",
)


class Writer:
    """One function's text; `choose` decides everything."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.names = 0

    def fresh(self, letter: str) -> str:
        """A name that no other case captures."""
        self.names += 1
        return f"{letter}{self.names}"

    def number(self, depth: int) -> str:
        """A u64 expression."""
        kind = self.choose.randrange(10)
        if depth == 0 or kind < 3:
            return self.choose.choice((*NUMBERS, f"u64({self.choose.randrange(30)})"))
        if kind < 5:
            return self.filled(self.choose.choice(FIELDS), depth)
        if kind < 7:
            return self.filled(self.choose.choice(CALLS), depth)
        if kind < 8:
            return self.filled("({i} if {c} else {j})", depth)
        return self.filled(
            self.choose.choice(("({i} % 1000 + {j} % 1000)", "({i} // 3)", "({i} ^ {j})", "({i} & 255)")), depth
        )

    def filled(self, template: str, depth: int) -> str:
        """A template with expressions for {i} and {j} and a condition for {c}."""
        below = max(depth - 1, 0)
        for hole, make in (("{i}", self.number), ("{j}", self.number), ("{c}", self.condition)):
            while hole in template:
                template = template.replace(hole, make(below), 1)
        while "{k}" in template:
            template = template.replace("{k}", self.choose.choice(NUMBERS), 1)
        return template

    def test(self, depth: int) -> str:
        """A condition that narrows nothing."""
        return "(" + self.filled(self.choose.choice(PLAIN), depth) + ")"

    def condition(self, depth: int) -> str:
        """Any condition, for what is no statement of its own."""
        if self.choose.random() < 0.5:
            return self.test(0)
        return "(" + self.filled(self.choose.choice(NARROWING), 0) + ")"

    def block(self, indent: str, depth: int, loop: bool) -> Iterator[str]:
        for _ in range(self.choose.randint(1, 3)):
            yield from self.statement(indent, depth, loop)

    def statement(self, indent: str, depth: int, loop: bool) -> Iterator[str]:
        deeper = indent + "    "
        kind = self.choose.randrange(14) if depth else self.choose.randrange(7)
        if kind < 2:
            test, *uses = self.choose.choice(USES)
            yield f"{indent}if {test}:"
            yield from (deeper + use for use in uses)
        elif kind < 6:
            yield indent + self.filled(self.choose.choice(STORES), 2)
        elif kind == 6:
            leave = (
                self.choose.choice(("break", "continue"))
                if loop and self.choose.random() < 0.7
                else f"return {self.number(2)}"
            )
            yield f"{indent}if {self.test(1)}:"
            yield deeper + leave
        elif kind < 9:
            yield f"{indent}if {self.test(2)}:"
            yield from self.block(deeper, depth - 1, loop)
            if self.choose.random() < 0.5:
                yield f"{indent}elif {self.test(1)}:"
                yield from self.block(deeper, depth - 1, loop)
            if self.choose.random() < 0.6:
                yield f"{indent}else:"
                yield from self.block(deeper, depth - 1, loop)
        elif kind < 11:
            loops = (f"for k{depth} in irange({self.number(1)} % 4):", f"for k{depth} in n.cells:")
            yield indent + self.choose.choice(loops)
            yield f"{deeper}w = (w + k{depth}) % 100000"
            yield from self.block(deeper, depth - 1, True)
        elif kind == 11:
            yield from self.match_shape(indent, depth, loop)
        elif kind == 12:
            yield f"{indent}match {self.number(2)} % 4:"
            k = self.fresh("q")
            for pattern in ("0", "1 | 2", f"{k} if {k} > 2 and {self.test(1)}", "_"):
                yield f"{deeper}case {pattern}:"
                yield from self.block(deeper + "    ", depth - 1, loop)
        else:
            yield f"{indent}for peer in n.peers:"
            yield f"{deeper}if peer is not None and {self.test(1)}:"
            yield f"{deeper}    v = peer.bump()"
            yield from self.block(deeper, depth - 1, True)

    def match_shape(self, indent: str, depth: int, loop: bool) -> Iterator[str]:
        deeper = indent + "    "
        yield f"{indent}match {self.choose.choice(('pick(v)', 'm.shapes[w % 3]'))}:"
        x, y, z = self.fresh("x"), self.fresh("y"), self.fresh("z")
        guard = self.choose.choice(("", f" if {x} % 2 == w % 2", f" if {x} > 10"))
        yield f"{deeper}case Pair(x={x}, y={y}){guard}:"
        yield f"{deeper}    v = wrapping_add({x}, u64({y}))"
        yield from self.block(deeper + "    ", depth - 1, loop)
        yield f"{deeper}case Tint(color=Color.RED | Color.BLUE, strength={z}):"
        yield f"{deeper}    w += u64({z})"
        yield f"{deeper}case Tint(strength={z}_):"
        yield f"{deeper}    w = u64({z}_) * 2"
        yield f"{deeper}case {self.choose.choice(('None', '_'))}:"
        yield from self.block(deeper + "    ", depth - 1, loop)

    def function(self, name: str) -> str:
        lines = [
            "@export",
            f"def {name}(a: u64, b: u64) -> u64:",
            "    n = WORLD.nodes[a % 3]",
            "    m = WORLD.nodes[b % 3]",
            "    v = a % 100",
            "    w = b % 1000",
            "    s = pick(b)",
        ]
        for _ in range(6):
            lines += self.statement("    ", 2, False)
        return "\n".join([*lines, "    return wrapping_add(v, w)", ""])


def program(seed: int, functions: int, world: str) -> str:
    """A module of `functions` exported functions random_0, random_1, … over a copy of the torture's world."""
    writer = Writer(random.Random(seed))
    texts = [writer.function(f"random_{index}") for index in range(functions)]
    return "\n\n".join([HEADER.replace("{world}", world), *texts])
