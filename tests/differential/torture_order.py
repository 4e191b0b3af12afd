"""Order of evaluation, arithmetic in its context, loops."""

from __future__ import annotations

from torture_world import TEXT, WORLD, Color, Node, Pair, color_number, pick, pick_color, pick_node

from tyrne.lang import export, irange, saturating_sub, u8, u16, u32, u64, wrapping_add, wrapping_mul


@export
def order_operands(a: u64, b: u64) -> u64:
    n = WORLD.nodes[a % 3]
    return n.count * 100 + n.bump() * 10 + n.count


@export
def order_augmented_field(a: u64, b: u64) -> u64:
    n = WORLD.nodes[a % 3]
    n.count += n.bump()
    return n.count


@export
def order_augmented_element(a: u64, b: u64) -> u64:
    n = WORLD.nodes[b % 3]
    n.cells[n.bump() % 4] = n.bump()
    n.cells[n.bump() % 5] += n.bump()
    return n.cells[0] + n.cells[1] * 3 + n.cells[2] * 5 + n.cells[3] * 7


@export
def order_index_of_augmented(a: u64, b: u64) -> u64:
    """The index is evaluated once, before the right side changes what it reads."""
    n = WORLD.nodes[0]
    n.small = u8(a % 6)
    n.cells[n.small] += change_small(n, b)
    return n.cells[0] + n.cells[3]


def change_small(n: Node, b: u64) -> u64:
    n.small = u8(b % 5)
    n.cells[0] = b % 1000
    return u64(n.small)


@export
def order_call_arguments(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    return three(n.count, n.bump(), n.count) + three(n.bump(), n.count, n.bump())


def three(x: u64, y: u64, z: u64) -> u64:
    return x * 10000 + y * 100 + z


@export
def order_constructor(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    p = Pair(n.count, u16(n.bump() & 0xFF))
    q = Pair(y=u16(n.bump() & 0xFF), x=n.count)
    return p.total() * 1000 + q.total()


@export
def order_target_after_value(a: u64, b: u64) -> u64:
    n = WORLD.nodes[a % 4]
    n.cells[a % 5] = n.bump() // (b % 3)
    return n.cells[0]


@export
def order_trap_after_effect(a: u64, b: u64) -> u64:
    n = WORLD.nodes[2]
    n.cells[1] = n.bump()
    n.cells[b % 6] = n.cells[a % 4] - 2
    return n.cells[0]


@export
def order_chain(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    if a % 8 < n.bump() % 8 and n.bump() % 8 < n.bump() % 16 <= b % 16:
        return n.count
    middle = b % 7
    if n.bump() % 9 < middle <= a % 8 != b % 5:
        return n.count + 2000
    return n.count + 1000


@export
def order_receiver(a: u64, b: u64) -> u64:
    return color_number(pick_node(a).recolor(pick_color(b)))


@export
def order_short_circuit(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    if (a % 9 > 3 and n.bump() % 3 == 1) or n.bump() % 2 == 0:
        return n.count
    if not (n.bump() % 2 == 0 or (b % 4 == 1 and n.bump() % 3 != 0)):
        n.flag = not n.flag
    return n.count * 2


@export
def order_conditional(a: u64, b: u64) -> u64:
    n = WORLD.nodes[1]
    return (n.bump() if n.bump() % 2 == a % 2 else n.count * 3) + (n.count if b > 9 else n.bump())


@export
def order_swap(a: u64, b: u64) -> u64:
    n = WORLD.nodes[a % 3]
    old = n.cells[0]
    n.cells[0] = n.cells[b % 4]
    n.cells[b % 4] = old
    return n.cells[0] * 8 + n.cells[b % 4]


@export
def arithmetic_mixed(a: u64, b: u64) -> u64:
    return (a - b if a > b else b - a) // (b % 5) + (a << (b % 70)) % 7 + (a >> (b % 70))


@export
def arithmetic_casts(a: u64, b: u64) -> u64:
    x = u16(a) * u16(b)
    y = u8(x & 255) + 1
    z = u32(x) << u8(b % 40)
    return u64(x) + u64(y) + u64(z)


@export
def arithmetic_locals(a: u64, b: u64) -> u64:
    s = u8(a & 0xFF)
    s += 3
    s -= u8(b & 7)
    s *= 2
    s ^= 0x55
    s |= 1
    s //= u8(b & 3)
    s %= 50
    s <<= 1
    s >>= 2
    return u64(s)


@export
def arithmetic_parameters(a: u64, b: u64) -> u64:
    a = wrapping_mul(a, u64(0x9E3779B97F4A7C15))
    b = b ^ (a >> 33)
    a ^= b << (a % 3) if b < 1 << 60 else b
    return wrapping_add(a, b)


@export
def arithmetic_bytes(a: u64, b: u64) -> u64:
    t = u64(0)
    for i in irange(u64(len(TEXT))):
        t = t * 7 + u64(u8(TEXT[i]))
    return t + text_sum(b"ab") + u64(u8(TEXT[a % 9]))


def text_sum(text: bytes) -> u64:
    s = u64(0)
    i = u64(0)
    while i < len(text):
        s += u64(u8(text[i]))
        i += 1
    return s


@export
def loop_ranges(a: u64, b: u64) -> u64:
    s = u64(0)
    i = u64(77)
    for i in irange(a % 6):
        if i == 2:
            continue
        if i == b % 7:
            break
        for j in irange(1, i):
            if j == 3:
                break
            s += i * j
    return s * 10 + (i & 0xFF | 0x100)


@export
def loop_range_is_fixed(a: u64, b: u64) -> u64:
    """The bounds of a range are evaluated once; the variable may be assigned in the body."""
    stop = a % 7
    s = u64(0)
    for i in irange(b % 3, stop):
        stop = u64(0)
        s = s * 10 + i
        i += 5
        s += i
    return s + stop


@export
def loop_nested_break(a: u64, b: u64) -> u64:
    found = u64(99)
    for node in WORLD.nodes:
        if node.count % 3 == a % 3:
            for cell in node.cells:
                if cell % 4 == b % 4:
                    found = cell
                    break
                node.bump()
            if found != 99:
                break
    return found


@export
def loop_array_values(a: u64, b: u64) -> u64:
    """An element of a value array is read when its turn comes."""
    s = u64(0)
    n = WORLD.nodes[a % 3]
    for cell in n.cells:
        n.cells[3] = s % 1000
        s = s * 3 + cell % 1000
        cell += 1
    return s


@export
def loop_while(a: u64, b: u64) -> u64:
    c = pick_color(a)
    x = a % 5000
    while x > 5:
        match c:
            case Color.RED:
                if b % 5 == 2:
                    break
                x -= 3
                if x % 2 == 0:
                    continue
                c = Color.BLUE
            case Color.BLUE:
                x = x // 2
                c = Color.GREEN
            case Color.GREEN:
                x = saturating_sub(x, u64(1))
                c = Color.RED
    return x


@export
def loop_shapes(a: u64, b: u64) -> u64:
    n = WORLD.nodes[2]
    n.shapes[a % 3] = pick(b)
    s = u64(0)
    for shape in n.shapes:
        if shape is None:
            s += 1
        elif isinstance(shape, Pair):
            s += shape.x % 1000
        else:
            s += u64(shape.strength) * 3
    return s


@export
def loop_peers(a: u64, b: u64) -> u64:
    n = WORLD.nodes[0]
    n.peers[a % 2] = WORLD.nodes[b % 3] if b % 5 != 0 else None
    s = u64(0)
    for peer in n.peers:
        if peer is not None and peer.number != 1:
            s += peer.bump() * 2
        if peer is n:
            s += 500
    return s
