"""The interface between programs and the kernel, as data. Kernel, programs, documents and tests derive from it."""

from tyrne.abi.calls import CALLS, NUMBERS, CallLayout, CallNumber, NumberTable, decode_call_number, is_call_number
from tyrne.abi.handles import NULL_HANDLE, CapHandle, pack_handle, unpack_handle
from tyrne.abi.kinds import CapKind
from tyrne.abi.messages import SIGNAL_BADGE, Notice, SendOutcome
from tyrne.abi.rights import FULL_CONTROL, KNOWN_RIGHTS, Rights, includes, rights_at_boot, rights_from_word, rights_over
from tyrne.abi.states import TaskState
from tyrne.abi.status import Status
from tyrne.abi.version import KNOWN_KINDS, VERSION

__all__ = [
    "CALLS",
    "FULL_CONTROL",
    "KNOWN_KINDS",
    "KNOWN_RIGHTS",
    "NULL_HANDLE",
    "NUMBERS",
    "SIGNAL_BADGE",
    "VERSION",
    "CallLayout",
    "CallNumber",
    "CapHandle",
    "CapKind",
    "Notice",
    "NumberTable",
    "Rights",
    "SendOutcome",
    "Status",
    "TaskState",
    "decode_call_number",
    "includes",
    "is_call_number",
    "pack_handle",
    "rights_at_boot",
    "rights_from_word",
    "rights_over",
    "unpack_handle",
]
