"""Programs of a few instructions, and systems of them, which stand still where a test wants to look."""

from __future__ import annotations

from pathlib import Path

from tyrne.abi import CallNumber
from tyrne.abi import CallNumber as C

NOTHING = -1
"""The null handle."""
_MOVE, _MOVE_NOT, _NUMBER, _CALL = 0xD280_0000, 0x9280_0000, 0xD280_0008, 0xD400_0001


def program(*calls: tuple[CallNumber, list[int]]) -> bytes:
    """The code of a task that makes system calls one after the other; each is a number and what is in x0 to x5."""
    code = []
    for number, registers in calls:
        for i, value in enumerate(registers):
            code.append((_MOVE | value << 5 | i) if value >= 0 else (_MOVE_NOT | i))
        code += [_NUMBER | number.value << 5, _CALL]
    return b"".join(word.to_bytes(4, "little") for word in code)


def send(endpoint: int, carried: int = NOTHING) -> list[int]:
    """The registers of a call that sends an empty message."""
    return [endpoint, 0, 0, 0, 0, carried]


def system(folder: Path, parts: str, **tasks: tuple[bytes, str]) -> Path:
    """The description of a system: its other parts, and for each task its code and what it holds."""
    text = [f'[system]\nname = "{folder.name}"\n', parts]
    for name, (code, caps) in tasks.items():
        (folder / f"{name}.bin").write_bytes(code)
        text.append(f'[[task]]\nname = "{name}"\nprogram = "{name}.bin"\ncaps = [{caps}]\n')
    path = folder / "system.toml"
    path.write_text("\n".join(text))
    return path


ENDPOINTS = "".join(f'[[endpoint]]\nname = "{name}"\n' for name in "abc")


def ring_of_three(folder: Path) -> Path:
    """Each of three tasks waits for the next to receive."""
    stops = program((CallNumber.SEND_WAIT, send(0)))
    who = {
        name: (stops, f'{{ endpoint = "{to}", rights = ["SEND"] }}, {{ endpoint = "{own}", rights = ["RECV"] }}')
        for name, own, to in (("one", "a", "b"), ("two", "b", "c"), ("three", "c", "a"))
    }
    return system(folder, ENDPOINTS, **who)


def gift(folder: Path, *, parked: bool) -> Path:
    """A task sends its capability over endpoint b by endpoint a to one that has not asked yet: by `send`, which parks
    it, or by `send_wait`, which waits. The taker gives it on to a keeper by a call's answer."""
    give = C.SEND if parked else C.SEND_WAIT
    giver = program((give, send(0, 1)), (C.TASK_YIELD, []), (C.TASK_YIELD, []), (C.WAIT, [2]))
    taker = program((C.WAIT, [0]), (C.WAIT, [1]), (C.REPLY, send(3, 2)), (C.WAIT, [0]))
    keeper = program((C.TASK_YIELD, []), (C.CALL, send(0)), (C.TASK_YIELD, []))
    full = '"SEND", "RECV", "TRANSFER", "DERIVE"'
    return system(
        folder,
        ENDPOINTS + '[[endpoint]]\nname = "answers"\n',
        giver=(
            giver,
            '{ endpoint = "a", rights = ["SEND"] }, '
            f'{{ endpoint = "b", rights = [{full}], badge = 7 }}, {{ endpoint = "c", rights = ["RECV"] }}',
        ),
        taker=(taker, '{ endpoint = "a", rights = ["RECV"] }, { endpoint = "answers", rights = ["RECV"] }'),
        keeper=(keeper, '{ endpoint = "answers", rights = ["SEND"] }'),
    )


def office(folder: Path) -> Path:
    """Sixteen tasks: eleven clients of a server, which asks a store over shared memory; a guard, who hears of how
    both end; and two who neither hold what others do nor wait for them."""
    shared = '[[memory]]\nname = "pages"\npages = 4\n[[memory]]\nname = "own"\npages = 1\n'
    parts = "".join(f'[[endpoint]]\nname = "{name}"\n' for name in ("counter", "orders", "ends")) + shared
    window = '{ memory = "pages", rights = ["READ", "WRITE"], at = 0x1000_0000 }'
    asks = (program((C.CALL, send(0))), '{ endpoint = "counter", rights = ["SEND"] }')
    who = {
        "guard": (program((C.WAIT, [0])), '{ endpoint = "ends", rights = ["RECV"] }'),
        "server": (
            program((C.WAIT, [0]), (C.CALL, send(1))),
            f'{{ endpoint = "counter", rights = ["RECV"] }}, {{ endpoint = "orders", rights = ["SEND"] }}, {window}',
        ),
        "store": (program((C.WAIT, [0]), (C.WAIT, [0])), f'{{ endpoint = "orders", rights = ["RECV"] }}, {window}'),
        **{f"client-{number}": asks for number in range(1, 12)},
        "idle": (program((C.TASK_YIELD, []), (C.TASK_EXIT, [0])), ""),
        "alone": (program((C.TASK_YIELD, []), (C.TASK_EXIT, [0])), '{ memory = "own", at = 0x1000_0000 }'),
    }
    path = system(folder, parts, **who)
    hears = 'supervisor = { endpoint = "ends", badge = 1 }\n'
    text = path.read_text()
    for name in ("server", "store"):
        text = text.replace(f'name = "{name}"\nprogram', f'name = "{name}"\n{hears}program')
    path.write_text(text)
    return path
