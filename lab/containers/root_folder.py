"""Builds the root of a container and leaves the machine's own behind, in a mount namespace of the launcher's own.

Everything below the root is resolved only after `pivot_root`: a link in an image leads nowhere else.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lab.containers import syscalls
from lab.containers.launch_plan import OVERLAY_REFUSED, LaunchPlan, MountPlan

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_HIDDEN = ("acpi", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats")
_READ_ONLY = ("bus", "fs", "irq", "pressure", "sys", "sysrq-trigger")
"""Parts of /proc that speak of the whole machine: those that containerd hides, and those that it makes read-only. With
root's lab, a program could also write triggers to those of `pressure`."""

_SHARED_MEMORY = 64 * 2**20
"""Bytes of /dev/shm, as a container runtime gives it."""

_SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV


def enter_root(plan: LaunchPlan) -> None:
    """Make the container's file system the root of this process, with everything that is mounted into it.

    Raises:
        OSError: Something of it cannot be mounted.
    """
    syscalls.make_private()
    root = _mount_root(plan)
    # A copy that is attached nowhere yet: in the new root no path leads to the sources.
    volumes = [(mount, _open_volume(mount)) for mount in plan.mounts]
    devices = [(name, _open_device(name)) for name in _DEVICES]
    syscalls.pivot_root(root)
    _refuse_links()
    # Before the old root goes: the kernel allows a new /proc only where one can be seen as a whole.
    _make_folder("/proc")
    syscalls.mount("proc", "/proc", _SAFE | syscalls.MS_NOEXEC)
    syscalls.unmount(".")
    os.chdir("/")
    _mount_devices(devices)
    # Before a volume can take its place.
    _restrict_proc()
    for mount, tree in volumes:
        _attach(mount.target, tree)
    _make_folder(plan.working_folder)
    if plan.read_only:
        # The root alone: volumes have their own attributes.
        root_options = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | _SAFE
        syscalls.mount("none", "/", root_options)


def _refuse_links() -> None:
    """Refuse an image with a link where the lab mounts: through /proc/self/fd it would lead to what is open here."""
    for path in ("/proc", "/dev"):
        if Path(path).is_symlink():
            message = f"the image has a link at {path}, which has to be a folder"
            raise OSError(message)


def _mount_root(plan: LaunchPlan) -> str:
    root = f"{plan.folder}/root"
    if plan.copied:
        tree = syscalls.open_tree(root)
        syscalls.set_attributes(tree, syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV)
        syscalls.attach_tree(tree, root)
        os.close(tree)
        return root
    for name in ("root", "upper", "work"):
        Path(plan.folder, name).mkdir(mode=0o755, exist_ok=True)
    # Short names: the kernel takes all options together in one page, and an image may have a hundred layers.
    names = [f"l{number}" for number in range(len(plan.layers))]
    for name, layer in zip(names, plan.layers, strict=True):
        with suppress(FileExistsError):
            Path(plan.folder, name).symlink_to(layer)
    os.chdir(plan.folder)
    layers = ":".join(reversed(names))
    try:
        syscalls.mount("overlay", root, _SAFE, f"userxattr,lowerdir={layers},upperdir=upper,workdir=work")
    except OSError as error:
        raise OSError(error.errno, f"{OVERLAY_REFUSED}: {error.strerror}") from error
    return root


def _open_volume(mount: MountPlan) -> int:
    """Return a tree with the attributes of a volume, which nothing can write to if it is read-only."""
    tree = _open_source(mount)
    attributes = syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
    syscalls.set_attributes(tree, attributes | (syscalls.ATTR_RDONLY if mount.read_only else 0))
    return tree


def _open_device(name: str) -> int:
    tree = syscalls.open_tree(f"/dev/{name}")
    syscalls.set_attributes(tree, syscalls.ATTR_NOSUID)
    return tree


def _open_source(mount: MountPlan) -> int:
    if not mount.sub_path:
        return syscalls.open_tree(mount.source)
    parts = [part for part in mount.sub_path.split("/") if part]
    if ".." in parts:
        message = f"subPath {mount.sub_path} must not contain '..'"
        raise OSError(message)
    folder = os.open(mount.source, os.O_PATH | os.O_CLOEXEC)
    try:
        return syscalls.open_subtree(folder, mount.sub_path)
    except FileNotFoundError:
        # As a kubelet: a folder that is not there yet is made.
        _make_inside(folder, parts)
        return syscalls.open_subtree(folder, mount.sub_path)
    finally:
        os.close(folder)


def _make_inside(folder: int, parts: Sequence[str]) -> None:
    """Make folders within each other in an open folder; links on the way are refused."""
    descriptor = os.dup(folder)
    try:
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, mode=0o777, dir_fd=descriptor)
            flags = os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
            below = os.open(part, flags, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
    finally:
        os.close(descriptor)


def _mount_devices(devices: list[tuple[str, int]]) -> None:
    _make_folder("/dev")
    syscalls.mount("tmpfs", "/dev", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, "mode=755,size=64k")
    for name, tree in devices:
        _attach(f"/dev/{name}", tree)
    for name, target in _LINKS.items():
        Path("/dev", name).symlink_to(target)
    for name, kind, options in (
        ("pts", "devpts", "newinstance,ptmxmode=0666,mode=620"),
        ("shm", "tmpfs", f"mode=1777,size={_SHARED_MEMORY}"),
        ("mqueue", "mqueue", ""),
    ):
        Path("/dev", name).mkdir()
        syscalls.mount(kind, f"/dev/{name}", syscalls.MS_NOSUID | syscalls.MS_NOEXEC, options)
    Path("/dev/ptmx").symlink_to("pts/ptmx")


def _restrict_proc() -> None:
    # No user namespace below this one: in it a program would have every capability again.
    with suppress(OSError):
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for name in _READ_ONLY:
        part = f"/proc/{name}"
        if Path(part).exists():
            tree = syscalls.open_tree(part)
            syscalls.set_attributes(tree, syscalls.ATTR_RDONLY)
            syscalls.attach_tree(tree, part)
            os.close(tree)
    for name in _HIDDEN:
        path = Path("/proc", name)
        if path.is_dir():
            syscalls.mount("tmpfs", str(path), syscalls.MS_RDONLY, "size=0,mode=000")
        elif path.exists():
            tree = syscalls.open_tree("/dev/null")
            syscalls.attach_tree(tree, str(path))
            os.close(tree)


def _attach(target: str, tree: int) -> None:
    """Attach a tree at its target, which is made if the image does not have it."""
    if stat.S_ISDIR(os.fstat(tree).st_mode):
        _make_folder(target)
    else:
        _make_file(target)
    syscalls.attach_tree(tree, target)
    os.close(tree)


def _make_folder(path: str) -> None:
    Path(path).mkdir(mode=0o755, parents=True, exist_ok=True)


def _make_file(path: str) -> None:
    _make_folder(str(Path(path).parent))
    if Path(path).is_symlink() and not Path(path).exists():
        Path(path).unlink()
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
