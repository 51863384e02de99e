"""Keeps the programs of containers from system calls that reach past namespaces: seccomp(2).

Namespaces and missing capabilities stop the others. These need neither: the keyrings are those of the user who runs the
lab, a VM socket leads to the hypervisor, the rest opens parts of the kernel that no container needs. Container runtimes
refuse the same: https://github.com/moby/profiles/blob/main/seccomp/default.json
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence

from lab.containers import syscalls

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF: load a word, jump if it is equal to, or at least, a constant; return: include/uapi/linux/bpf_common.h."""

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data, of the lower half on these machines, which are little-endian."""

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_KILL = 0x80000000
_X32 = 0x40000000
_AF_VSOCK = 40

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Their numbers in include/uapi/linux/audit.h, in the order of the numbers below."""

_SOCKET = (41, 198)
_REFUSED = {
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install_filter() -> None:
    """Refuse these system calls to this process from now on, and to all that it starts.

    Programs of another architecture, such as 32-bit ones, are killed: their system calls have other numbers.

    Raises:
        OSError: The kernel has no filters.
    """
    instructions = build_filter(platform.machine())
    program = _Program(len(instructions), b"".join(instructions))
    syscalls.set_filter(ctypes.addressof(program))


def build_filter(machine: str) -> Sequence[bytes]:
    """Return the filter of an architecture as BPF."""
    column = list(_ARCHITECTURES).index(machine)
    lines = [
        (_LOAD, _ARCHITECTURE, "", ""),
        (_EQUAL, _ARCHITECTURES[machine], "", "kill"),
        (_LOAD, _NUMBER, "", ""),
        (_AT_LEAST, _X32, "kill", ""),
        *((_EQUAL, numbers[column], "refuse", "") for numbers in _REFUSED.values()),
        (_EQUAL, _SOCKET[column], "", "allow"),
        (_LOAD, _FIRST_ARGUMENT, "", ""),
        (_EQUAL, _AF_VSOCK, "refuse", "allow"),
    ]
    # A jump counts the instructions that it skips; the three results stand at the end.
    results = {"allow": _ALLOW, "refuse": _REFUSE, "kill": _KILL}
    places = {name: len(lines) + place for place, name in enumerate(results)}
    jumps = [
        struct.pack("=HBBI", code, *(places[name] - place - 1 if name else 0 for name in (yes, no)), constant)
        for place, (code, constant, yes, no) in enumerate(lines)
    ]
    return [*jumps, *(struct.pack("=HBBI", _RETURN, 0, 0, value) for value in results.values())]
