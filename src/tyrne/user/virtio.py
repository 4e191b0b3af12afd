"""The driver's side of a virtio device behind virtio-mmio registers, version 2, with split queues.

A device is a stranger: it may be broken, or mean harm. Each number that it writes is read once and checked, and what
the driver needs to know later it keeps in memory of its own. So whatever a device says ends in a `VirtioError`, never
in a failed check, an access outside the memory that was set up, or a loop without an end. After one, `start` again.

`VirtioDevice.start`, `VirtioQueue.set_up` for each queue, `VirtioDevice.go`; then for each chain of buffers `add` and
`offer`, once for all of them `notify`, and after an interrupt `acknowledge`, and `take` until there is nothing more.
"""

from tyrne.user.virtio_device import DeviceMemory, VirtioDevice, VirtioError, device_memory
from tyrne.user.virtqueue import MAX_PLACES, Used, VirtioQueue, queue_bytes

__all__ = [
    "MAX_PLACES",
    "DeviceMemory",
    "Used",
    "VirtioDevice",
    "VirtioError",
    "VirtioQueue",
    "device_memory",
    "queue_bytes",
]
