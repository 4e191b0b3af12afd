"""Narrowing that holds and narrowing that goes stale, and match."""

from __future__ import annotations

from torture_world import LIMIT, WORLD, Color, Deep, Node, Pair, Tint, color_number, pick, pick_color

from tyrne.lang import export, u64


@export
def narrow_stale_field(a: u64, b: u64) -> u64:
    n = WORLD.nodes[2]
    n.shape = Pair(a)
    if isinstance(n.shape, Pair):
        if b % 3 == 0:
            n.clear()
        return n.shape.x
    return u64(0)


@export
def narrow_stale_reference(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    if n.next is not None:
        if b % 3 == 0:
            cut(n)
        return n.next.bump()
    n.next = WORLD.nodes[1 + a % 2]
    return u64(7)


def cut(n: Node) -> None:
    n.next = None


@export
def narrow_stale_element(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    n.shapes[1] = pick(a)
    shape = n.shapes[1]
    if isinstance(shape, Tint):
        n.shapes[1] = None
        return u64(shape.strength) + color_number(shape.color)
    if shape is None:
        return u64(3)
    return shape.total() % 100000


@export
def narrow_early_return(a: u64, b: u64) -> u64:
    s = pick(a)
    if s is None:
        return u64(1)
    if not isinstance(s, Pair):
        return u64(s.strength) + 2
    return s.x + u64(s.y)


@export
def narrow_isinstance_many(a: u64, b: u64) -> u64:
    s = pick(a)
    if isinstance(s, (Pair, Tint)):
        return u64(10) + (s.x % 10 if isinstance(s, Pair) else u64(s.strength))
    return u64(9)


@export
def narrow_and(a: u64, b: u64) -> u64:
    s = pick(a)
    if isinstance(s, Pair) and s.x % 2 == b % 2:
        return s.x
    if s is None or (isinstance(s, Tint) and s.strength > 50):
        return u64(11)
    return u64(12)


@export
def narrow_reassigned(a: u64, b: u64) -> u64:
    s = pick(a)
    rounds = u64(0)
    while s is not None:
        rounds += 1
        if isinstance(s, Tint):
            s = pick(u64(s.strength) // 2)
        else:
            s = pick(s.x // 3 if s.x < 1000 else u64(2))
            rounds += 100
    return rounds


@export
def narrow_walk(a: u64, b: u64) -> u64:
    """A walk along references, as long as it lasts and at most four steps."""
    node = WORLD.first
    steps = u64(0)
    s = u64(0)
    while node is not None and steps < 4:
        s = s * 10 + u64(node.number)
        node = node.next
        steps += 1
    WORLD.first = WORLD.nodes[a % 3] if b % 4 != 0 else None
    WORLD.nodes[a % 3].next = WORLD.first if b % 3 == 0 else None
    return s


@export
def narrow_assert(a: u64, b: u64) -> u64:
    s = pick(a)
    assert isinstance(s, Pair), "a pair"
    assert s.x < LIMIT
    return s.x


@export
def match_shape(a: u64, b: u64) -> u64:
    match pick(a):
        case None:
            return u64(1)
        case Pair(x=x, y=y) if x > 100:
            return x + u64(y)
        case Pair(y=5):
            return u64(2)
        case Pair():
            return u64(3)
        case Tint(color=Color.RED, strength=v):
            return u64(v)
        case Tint(strength=v):
            return u64(v) + 1000 if v > 10 else u64(4)


@export
def match_positional(a: u64, b: u64) -> u64:
    match pick(a):
        case Pair(x, y):
            return x % 100 + u64(y)
        case Tint(Color.BLUE | Color.GREEN, s):
            return u64(s)
        case _:
            return u64(6)


@export
def match_numbers(a: u64, b: u64) -> u64:
    match a % 9:
        case 0:
            return u64(100)
        case 1 | 2:
            return u64(200)
        case n if n > 6:
            return n * 3
        case n:
            return n + b % 5


@export
def match_enum(a: u64, b: u64) -> u64:
    match pick_color(a):
        case Color.RED | Color.GREEN:
            r = u64(1)
        case Color.BLUE if b % 2 == 0:
            r = u64(2)
        case other:
            r = color_number(other)
    return r


@export
def match_field(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    n.shape = pick(b)
    match n.shape:
        case Pair(x=x):
            n.shape = None
            return x
        case Tint() as tint:
            n.shape = Pair(u64(tint.strength))
            return u64(tint.strength)
        case None:
            return u64(0)


@export
def match_deep(a: u64, b: u64) -> u64:
    s = pick(b)
    d = Deep(Pair(a % 3), s if isinstance(s, Tint) else None)
    match d:
        case Deep(pair=Pair(x=0)):
            return u64(1)
        case Deep(tint=Tint(color=Color.RED)):
            return u64(2)
        case Deep(pair=Pair(x=x), tint=None):
            return x + 10
        case Deep(tint=t):
            return u64(t.strength) if t is not None else u64(77)


@export
def match_boolean(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    n.flag = a > b
    match n.flag:
        case True:
            return u64(1)
        case False:
            return u64(2)
