"""The library of user programs. A program is a module with an exported `main() -> u64`: its result is the exit code.

programs/hello.py is the smallest one; programs/README.md is the way on from there.
"""

from tyrne.kernel.abi import (
    NULL_HANDLE,
    CallNumber,
    CapHandle,
    Rights,
    SendOutcome,
    Status,
    pack_optional_handle,
    unpack_optional_handle,
)
from tyrne.user import entry, panic
from tyrne.user.calls import (
    CONSOLE,
    Pending,
    Received,
    Reply,
    console_write,
    decode_status,
    recv,
    send,
    system_call,
    task_exit,
    task_yield,
)
from tyrne.user.layout import image_end, image_start
from tyrne.user.printing import flush, print_byte, print_bytes, print_decimal, print_hex

__all__ = [
    "CONSOLE",
    "NULL_HANDLE",
    "CallNumber",
    "CapHandle",
    "Pending",
    "Received",
    "Reply",
    "Rights",
    "SendOutcome",
    "Status",
    "console_write",
    "decode_status",
    "entry",
    "flush",
    "image_end",
    "image_start",
    "pack_optional_handle",
    "panic",
    "print_byte",
    "print_bytes",
    "print_decimal",
    "print_hex",
    "recv",
    "send",
    "system_call",
    "task_exit",
    "task_yield",
    "unpack_optional_handle",
]
