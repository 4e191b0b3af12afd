"""Operations inside the kernel that no system call reaches yet, on a kernel in CPython and on the compiled one.

Each function `on_…` works on any kernel and answers with one word; its export does the same on the library's kernel.
Tables are numbered as the tasks that own them; BOOTSTRAP is the kernel's own.
"""

from __future__ import annotations

from typing import Final, TypeVar

from tyrne.boards.native.image import KERNEL
from tyrne.hal.board import Board
from tyrne.hal.descriptors import MappingFlags
from tyrne.hal.frame import TrapFrame
from tyrne.kernel.abi import CapError, CapHandle, IpcError, pack_handle, rights_from_word, unpack_handle
from tyrne.kernel.address_space import SpaceError, cap_create_address_space, cap_map, cap_unmap
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, CapObject, EndpointHandle, NotificationHandle
from tyrne.kernel.frames import FrameError
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.messages import ipc_cancel_recv, ipc_notify
from tyrne.kernel.page_table import MapError, Mapping
from tyrne.lang import export, u64

B = TypeVar("B", bound=Board)

BOOTSTRAP: Final = u64(16)
DONE: Final = u64(0xDD << 56)
NOTHING: Final = u64(0xCC << 56)
REFUSED: Final = u64(0xEE << 56)


def table(kernel: Kernel[B], number: u64) -> CapTable:
    return kernel.bootstrap_table if number == BOOTSTRAP else kernel.tasks.items[number].capabilities


def cap_word(error: CapError) -> u64:
    return REFUSED | u64(0x100) | u64(error.value)


def handle_word(result: CapHandle | CapError) -> u64:
    return cap_word(result) if isinstance(result, CapError) else pack_handle(result)


def cap_done(refusal: CapError | None) -> u64:
    return DONE if refusal is None else cap_word(refusal)


def ipc_done(refusal: IpcError | None) -> u64:
    return DONE if refusal is None else REFUSED | u64(0x200) | u64(refusal.value)


def space_word(error: SpaceError | CapError | MapError) -> u64:
    match error:
        case SpaceError():
            return REFUSED | u64(0x300) | u64(error.value)
        case CapError():
            return cap_word(error)
        case MapError():
            return REFUSED | u64(0x400) | u64(error.value)


def on_copy(kernel: Kernel[B], owner: u64, handle: u64, rights: u64) -> u64:
    return handle_word(table(kernel, owner).cap_copy(unpack_handle(handle), rights_from_word(rights)))


def on_derive(kernel: Kernel[B], owner: u64, handle: u64, rights: u64) -> u64:
    return handle_word(table(kernel, owner).cap_derive(unpack_handle(handle), rights_from_word(rights)))


def on_revoke(kernel: Kernel[B], owner: u64, handle: u64) -> u64:
    return cap_done(table(kernel, owner).cap_revoke(unpack_handle(handle)))


def on_drop(kernel: Kernel[B], owner: u64, handle: u64) -> u64:
    return cap_done(table(kernel, owner).cap_drop(unpack_handle(handle)))


def on_depth(kernel: Kernel[B], owner: u64, handle: u64) -> u64:
    depth = table(kernel, owner).depth_of(unpack_handle(handle))
    return cap_word(depth) if isinstance(depth, CapError) else u64(depth)


def on_references(kernel: Kernel[B], owner: u64, endpoint: u64) -> u64:
    named: CapObject = EndpointHandle(kernel.endpoints.id_at(endpoint))
    return u64(1) if table(kernel, owner).references_object(named) else u64(0)


def on_mint_endpoint(kernel: Kernel[B], owner: u64, endpoint: u64, rights: u64) -> u64:
    named = EndpointHandle(kernel.endpoints.id_at(endpoint))
    return handle_word(table(kernel, owner).insert_root(Capability(rights_from_word(rights), named)))


def on_make_notification(kernel: Kernel[B], owner: u64, rights: u64) -> u64:
    slot = kernel.notifications.allocate()
    if slot is None:
        return NOTHING
    return handle_word(table(kernel, owner).insert_root(Capability(rights_from_word(rights), NotificationHandle(slot))))


def on_free_notification(kernel: Kernel[B], index: u64) -> u64:
    slot = kernel.notifications.id_at(index)
    return u64(1) if kernel.notifications.free(slot) else u64(0)


def on_notify(kernel: Kernel[B], owner: u64, handle: u64, bits: u64) -> u64:
    return ipc_done(ipc_notify(kernel.notifications, table(kernel, owner), unpack_handle(handle), bits))


def on_consume(kernel: Kernel[B], index: u64) -> u64:
    return kernel.notifications.items[index].consume()


def on_cancel_recv(kernel: Kernel[B], owner: u64, handle: u64) -> u64:
    return ipc_done(ipc_cancel_recv(kernel.endpoints, table(kernel, owner), unpack_handle(handle)))


def on_create_space(kernel: Kernel[B], owner: u64, handle: u64, rights: u64) -> u64:
    made = cap_create_address_space(
        kernel.board,
        kernel.frames,
        kernel.spaces,
        table(kernel, owner),
        unpack_handle(handle),
        rights_from_word(rights),
    )
    return pack_handle(made) if isinstance(made, CapHandle) else space_word(made)


def on_map(kernel: Kernel[B], handle: u64, address: u64, frame: u64, flags: u64) -> u64:
    refusal = cap_map(
        kernel.board,
        kernel.frames,
        kernel.spaces,
        kernel.bootstrap_table,
        unpack_handle(handle),
        address,
        frame,
        MappingFlags(flags & 0x1F),
    )
    return DONE if refusal is None else space_word(refusal)


def on_unmap(kernel: Kernel[B], handle: u64, address: u64) -> u64:
    frame = cap_unmap(kernel.board, kernel.spaces, kernel.bootstrap_table, unpack_handle(handle), address)
    if isinstance(frame, (SpaceError, CapError, MapError)):
        return space_word(frame)
    return frame


def on_translate(kernel: Kernel[B], space: u64, address: u64) -> u64:
    found = kernel.spaces.items[space].translate(kernel.board, address)
    return found.frame | u64(found.flags) if isinstance(found, Mapping) else space_word(found)


def on_allocate(kernel: Kernel[B]) -> u64:
    frame = kernel.frames.allocate(kernel.board)
    return NOTHING if frame is None else frame


def on_free(kernel: Kernel[B], frame: u64) -> u64:
    refusal: FrameError | None = kernel.frames.free(frame)
    return DONE if refusal is None else REFUSED | u64(0x500) | u64(refusal.value)


@export
def frame_of(number: u64) -> TrapFrame:
    return KERNEL.tasks.items[number].frame


@export
def copy(owner: u64, handle: u64, rights: u64) -> u64:
    return on_copy(KERNEL, owner, handle, rights)


@export
def derive(owner: u64, handle: u64, rights: u64) -> u64:
    return on_derive(KERNEL, owner, handle, rights)


@export
def revoke(owner: u64, handle: u64) -> u64:
    return on_revoke(KERNEL, owner, handle)


@export
def drop(owner: u64, handle: u64) -> u64:
    return on_drop(KERNEL, owner, handle)


@export
def depth(owner: u64, handle: u64) -> u64:
    return on_depth(KERNEL, owner, handle)


@export
def references(owner: u64, endpoint: u64) -> u64:
    return on_references(KERNEL, owner, endpoint)


@export
def mint_endpoint(owner: u64, endpoint: u64, rights: u64) -> u64:
    return on_mint_endpoint(KERNEL, owner, endpoint, rights)


@export
def make_notification(owner: u64, rights: u64) -> u64:
    return on_make_notification(KERNEL, owner, rights)


@export
def free_notification(index: u64) -> u64:
    return on_free_notification(KERNEL, index)


@export
def notify(owner: u64, handle: u64, bits: u64) -> u64:
    return on_notify(KERNEL, owner, handle, bits)


@export
def consume(index: u64) -> u64:
    return on_consume(KERNEL, index)


@export
def cancel_recv(owner: u64, handle: u64) -> u64:
    return on_cancel_recv(KERNEL, owner, handle)


@export
def create_space(owner: u64, handle: u64, rights: u64) -> u64:
    return on_create_space(KERNEL, owner, handle, rights)


@export
def map_page(handle: u64, address: u64, frame: u64, flags: u64) -> u64:
    return on_map(KERNEL, handle, address, frame, flags)


@export
def unmap_page(handle: u64, address: u64) -> u64:
    return on_unmap(KERNEL, handle, address)


@export
def translate(space: u64, address: u64) -> u64:
    return on_translate(KERNEL, space, address)


@export
def allocate() -> u64:
    return on_allocate(KERNEL)


@export
def free(frame: u64) -> u64:
    return on_free(KERNEL, frame)
