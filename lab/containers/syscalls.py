"""System calls that the standard library does not offer: namespaces, mounts and capabilities.

Only programs of a single thread may use those that change their own namespaces: unshare(2), setns(2).
"""

import ctypes
import itertools
import os
import platform

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

ATTR_RDONLY = 0x1
ATTR_NOSUID = 0x2
ATTR_NODEV = 0x4

_MNT_DETACH = 2
_CLONE_PARENT = 0x00008000
_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_F_EMPTY_PATH = 4
_RESOLVE_BENEATH = 0x08
_SIGCHLD = 17
_SIGKILL = 9

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_READ = 23
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_SECURE_NOROOT = 0b11
_CAPABILITY_VERSION_3 = 0x20080522

_MACHINE = 0 if platform.machine() == "x86_64" else 1
_CLONE, _PIVOT_ROOT, _CAPSET = (56, 220)[_MACHINE], (155, 41)[_MACHINE], (126, 91)[_MACHINE]
_OPEN_TREE, _MOVE_MOUNT, _OPENAT2, _MOUNT_SETATTR = 428, 429, 437, 442
"""Numbers of system calls without a function in every libc: arch/x86/entry/syscalls, include/uapi/asm-generic."""

_LIBC = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace"))


class _OpenHow(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("flags", "mode", "resolve"))


def unshare(flags: int) -> None:
    """Leave the namespaces of the caller for new ones."""
    _check(_LIBC.unshare(flags), "unshare")


def enter_namespaces(pidfd: int, flags: int) -> None:
    """Enter namespaces of a process, given by its descriptor."""
    _check(_LIBC.setns(pidfd, flags), "setns")


def fork_sibling() -> int:
    """Fork a child whose parent is the caller's own parent, which then learns of its end; return 0 in the child.

    A raw system call: nothing that was registered with `os.register_at_fork` is called.
    """
    return _check(_LIBC.syscall(_CLONE, _CLONE_PARENT | _SIGCHLD, 0, 0, 0, 0), "clone")


def mount(kind: str, target: str, flags: int = 0, options: str = "") -> None:
    """Mount a new file system."""
    call = _LIBC.mount(kind.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(call, f"mount {kind} at {target}")


def make_private() -> None:
    """Keep the mounts of this namespace from those of others, and those of others from it."""
    _check(_LIBC.mount(None, b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "mount --make-rprivate /")


def open_tree(source: str) -> int:
    """Return a descriptor of a copy of what a path leads to, which can be attached anywhere."""
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return _check(_LIBC.syscall(_OPEN_TREE, _AT_FDCWD, source.encode(), flags), f"open_tree {source}")


def open_subtree(folder: int, path: str) -> int:
    """Return the same of a part of an open folder; links that lead out of the folder are refused."""
    how = _OpenHow(flags=os.O_PATH | os.O_CLOEXEC, resolve=_RESOLVE_BENEATH)
    descriptor = _LIBC.syscall(_OPENAT2, folder, path.encode(), ctypes.byref(how), ctypes.sizeof(how))
    part = _check(descriptor, f"subPath {path}")
    try:
        flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | _AT_EMPTY_PATH | os.O_CLOEXEC
        return _check(_LIBC.syscall(_OPEN_TREE, part, b"", flags), f"open_tree {path}")
    finally:
        os.close(part)


def set_attributes(tree: int, attributes: int) -> None:
    """Set attributes of mounts."""
    value = _MountAttributes(set=attributes)
    flags = _AT_EMPTY_PATH | _AT_RECURSIVE
    call = _LIBC.syscall(_MOUNT_SETATTR, tree, b"", flags, ctypes.byref(value), ctypes.sizeof(value))
    _check(call, "mount_setattr")


def attach_tree(tree: int, target: str) -> None:
    """Attach what `open_tree` copied."""
    call = _LIBC.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH)
    _check(call, f"move_mount to {target}")


def unmount(target: str) -> None:
    """Detach a mount and all below it; those that still use it keep it."""
    _check(_LIBC.umount2(target.encode(), _MNT_DETACH), f"umount {target}")


def pivot_root(root: str) -> None:
    """Make a mount the root; the old root is left stacked at the working directory."""
    os.chdir(root)
    _check(_LIBC.syscall(_PIVOT_ROOT, b".", b"."), f"pivot_root to {root}")


def set_host_name(name: str) -> None:
    """Set the host name of this UTS namespace."""
    encoded = name.encode()
    _check(_LIBC.sethostname(encoded, len(encoded)), "sethostname")


def drop_privileges() -> None:
    """Give up every capability, and every way to get one back by executing a program."""
    # The kernel says which is the last: what is at /proc/sys may be a volume.
    for capability in itertools.count():
        if _LIBC.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) < 0:
            break
        _check(_LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP")
    _check(_LIBC.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT")
    _check(_LIBC.prctl(_PR_SET_SECUREBITS, _SECURE_NOROOT, 0, 0, 0), "PR_SET_SECUREBITS")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_LIBC.syscall(_CAPSET, header, none), "capset")
    _check(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")


def set_filter(program: int) -> None:
    """Filter the system calls of this process by a program, given by the address of its struct sock_fprog."""
    _check(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_void_p(program), 0, 0), "PR_SET_SECCOMP")


def hide_from_debuggers() -> None:
    """Keep other processes from looking into this one until it executes a program.

    Through /proc/PID/exe a container could otherwise write to the interpreter that runs here: CVE-2019-5736.
    """
    _check(_LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends: prctl(2), which `drop_privileges` would undo."""
    _check(_LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG")


def _check(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result
