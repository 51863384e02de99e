"""The filter of system calls, run as the kernel runs it, for each architecture."""

import struct
from collections.abc import Sequence

import pytest

from lab.containers.syscall_filter import build_filter

ALLOWED, REFUSED, KILLED = 0x7FFF0000, 0x00050001, 0x80000000
X86, ARM, X86_32 = 0xC000003E, 0xC00000B7, 0x40000003
AF_UNIX, AF_VSOCK = 1, 40
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06


def run(program: Sequence[bytes], architecture: int, number: int, argument: int = 0) -> int:
    """Return the result of a filter for a system call."""
    data = struct.pack("=IIQQ", number, architecture, 0, argument)
    place = value = 0
    while True:
        code, yes, no, constant = struct.unpack("=HBBI", program[place])
        place += 1
        if code == LOAD:
            (value,) = struct.unpack_from("=I", data, constant)
        elif code == RETURN:
            return int(constant)
        else:
            assert code in (EQUAL, AT_LEAST)
            place += yes if (value == constant if code == EQUAL else value >= constant) else no


@pytest.mark.parametrize(
    ("machine", "architecture", "keyctl", "socket", "read", "execve"),
    [("x86_64", X86, 250, 41, 0, 59), ("aarch64", ARM, 219, 198, 63, 221)],
)
def test_calls_are_refused_by_their_number(
    machine: str, architecture: int, keyctl: int, socket: int, read: int, execve: int
) -> None:
    program = build_filter(machine)
    assert {run(program, architecture, number) for number in (keyctl, 425, 426, 427)} == {REFUSED}
    # 435 is clone3: it starts threads.
    assert {run(program, architecture, number) for number in (read, execve, 435, 0x3FFFFFFF)} == {ALLOWED}
    assert run(program, architecture, socket, AF_VSOCK) == REFUSED
    assert run(program, architecture, socket, AF_UNIX) == ALLOWED
    # The first argument counts for socket(2) alone: here it is a descriptor.
    assert run(program, architecture, read, AF_VSOCK) == ALLOWED
    # The numbers of x32.
    assert run(program, architecture, 0x40000000 + read) == KILLED
    for other in {X86, ARM, X86_32} - {architecture}:
        assert run(program, other, read) == KILLED
