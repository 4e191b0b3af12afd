"""What each call may be refused with, each status where the kernel first looks for it: part of docs/abi.md.

A number that no call has is refused with BAD_SYSCALL_NUMBER, and in a release kernel so is `console_write`. What ends a
wait is no refusal: the call was right when it was made. Who has lost its address space is refused every call as if it
held nothing, `task_yield` and `task_exit` too.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import CallNumber, Status
from tyrne.rows import Rows

_C, _S = CallNumber, Status
_CAPABILITY: Final = (_S.INVALID_HANDLE, _S.WRONG_KIND, _S.INSUFFICIENT_RIGHTS)
_MESSAGE: Final = (_S.STALE_HANDLE, _S.WRONG_OBJECT_KIND, _S.MISSING_RIGHT)
_REPLY: Final = (_S.STALE_HANDLE, _S.WRONG_OBJECT_KIND)
_CHILD: Final = (_S.DERIVATION_TOO_DEEP, _S.BEING_REVOKED)
_DERIVED: Final = (_S.INSUFFICIENT_RIGHTS, _S.WIDENED_RIGHTS, *_CHILD, _S.CAPS_EXHAUSTED)

REFUSALS: Final[Rows[CallNumber, tuple[Status, ...]]] = Rows("REFUSALS", CallNumber, {
    _C.SEND: (*_MESSAGE, _S.INVALID_TRANSFER_CAP, _S.QUEUE_FULL, _S.RECEIVER_TABLE_FULL),
    _C.RECV: (*_MESSAGE, _S.RECEIVER_TABLE_FULL),
    _C.TASK_YIELD: (_S.INVALID_HANDLE,),
    _C.TASK_EXIT: (_S.INVALID_HANDLE,),
    _C.CONSOLE_WRITE: (*_CAPABILITY, _S.FAULT_ADDRESS, _S.BAD_ARGUMENT),
    _C.CAP_COPY: (
        _S.INVALID_HANDLE, _S.INSUFFICIENT_RIGHTS, _S.WIDENED_RIGHTS, _S.BEING_REVOKED, _S.CAPS_EXHAUSTED,
    ),
    _C.CAP_DERIVE: (_S.INVALID_HANDLE, _S.BAD_ARGUMENT, *_DERIVED),
    _C.CAP_REVOKE: (_S.INVALID_HANDLE, _S.INSUFFICIENT_RIGHTS),
    _C.CAP_DROP: (_S.INVALID_HANDLE, _S.HAS_CHILDREN),
    _C.CAP_MOVE: (
        _S.INVALID_HANDLE, _S.HAS_CHILDREN, _S.INSUFFICIENT_RIGHTS, _S.WRONG_KIND, _S.BAD_STATE, _S.CAPS_EXHAUSTED,
    ),
    _C.CAP_QUERY: (_S.INVALID_HANDLE,),
    _C.SEND_WAIT: (*_MESSAGE, _S.INVALID_TRANSFER_CAP, _S.RECEIVER_TABLE_FULL),
    _C.WAIT: (*_MESSAGE, _S.RECEIVER_TABLE_FULL),
    _C.CALL: (*_MESSAGE, _S.INVALID_TRANSFER_CAP, _S.RECEIVER_TABLE_FULL),
    _C.REPLY: (*_REPLY, _S.INVALID_TRANSFER_CAP, _S.RECEIVER_TABLE_FULL),
    _C.REPLY_WAIT: (*_MESSAGE, _S.RECEIVER_TABLE_FULL),
    _C.CANCEL: _MESSAGE,
    _C.NOTIFY: _MESSAGE,
    _C.POLL: _MESSAGE,
    _C.BIND: (*_MESSAGE, _S.BAD_STATE),
    _C.CREATE: (
        *_CAPABILITY, _S.BAD_ARGUMENT, *_CHILD, _S.CAPS_EXHAUSTED, _S.QUOTA_EXCEEDED, _S.OUT_OF_FRAMES,
    ),
    _C.QUOTA_MOVE: (*_CAPABILITY, _S.BAD_ARGUMENT, _S.QUOTA_EXCEEDED),
    _C.MEMORY_DERIVE: (_S.INVALID_HANDLE, _S.WRONG_KIND, _S.OUT_OF_RANGE, *_DERIVED),
    _C.MAP: (
        *_CAPABILITY, _S.INVALID_FLAGS, _S.ALREADY_MAPPED, _S.BAD_ARGUMENT, _S.MISALIGNED_ADDRESS, _S.OUT_OF_RANGE,
        _S.QUOTA_EXCEEDED, _S.OUT_OF_FRAMES,
    ),
    _C.UNMAP: (*_CAPABILITY, _S.NOT_MAPPED),
    _C.PROTECT: (*_CAPABILITY, _S.NOT_MAPPED, _S.INVALID_FLAGS),
    _C.TASK_CONFIGURE: (*_CAPABILITY, _S.BAD_ARGUMENT, _S.BAD_STATE, _S.BEING_REVOKED),
    _C.TASK_SUPERVISE: (*_CAPABILITY, *_MESSAGE, _S.BAD_STATE, *_CHILD),
    _C.TASK_PRIORITY: (*_CAPABILITY, _S.BAD_ARGUMENT),
    _C.TASK_RESUME: (*_CAPABILITY, _S.BAD_STATE),
    _C.TASK_SUSPEND: (*_CAPABILITY, _S.BAD_STATE),
    _C.TASK_READ: (*_CAPABILITY, _S.BAD_ARGUMENT, _S.BAD_STATE),
    _C.TASK_WRITE: (*_CAPABILITY, _S.BAD_ARGUMENT, _S.BAD_STATE),
    _C.TASK_END: (*_CAPABILITY, _S.BAD_STATE),
    _C.TASK_STATE: _CAPABILITY,
})  # fmt: skip
"""Every status but Ok and those of `ENDS_OF_WAITS` that a call of a task can end in."""

ENDS_OF_WAITS: Final[dict[CallNumber, tuple[Status, ...]]] = {
    _C.SEND_WAIT: (_S.ABORTED, _S.RECEIVER_TABLE_FULL),
    _C.WAIT: (_S.ABORTED, _S.RECEIVER_TABLE_FULL),
    _C.CALL: (_S.ABORTED, _S.RECEIVER_TABLE_FULL),
    _C.REPLY_WAIT: (_S.ABORTED, _S.RECEIVER_TABLE_FULL),
}
"""What a call that waits can end in besides Ok."""
