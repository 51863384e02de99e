"""Writes the files that a lab's components read at their start."""

import shutil
from contextlib import suppress
from pathlib import Path

from lab.folder import Folder
from lab.kubernetes import certificates, controlplane, kubeconfig, kwok
from lab.supervision import network
from lab.toolchain.build import Toolchain
from lab.toolchain.tools import PROVIDER, PROVIDER_PLUGIN, kubernetes_version
from support.files import replace_file

_PYTHON = """#!/bin/sh
[ "$*" = '-m pip list -v --format json' ] && exec echo '[]'
exec "$BOUTIQUE_LAB_PYTHON" "$@"
"""
_USERS = ("admin", "kube-controller-manager", "kube-scheduler", "kwok")


def prepare(folder: Folder, toolchain: Toolchain, port: int) -> None:
    """Write the certificates, the kubeconfigs, kwok's configuration, and the links to Pulumi's plugin and to files.

    Args:
        folder: The lab's folder.
        toolchain: The tools of this run.
        port: Where the host reaches the API server.
    """
    certificates.ensure(folder.pki)
    inside = f"https://{network.LOOPBACK}:{controlplane.API_PORT}"
    for user in _USERS:
        kubeconfig.write(folder.kubeconfig_inside(user), inside, folder.pki, f"{user}.pem")
    kubeconfig.write(folder.kubeconfig, f"https://127.0.0.1:{port}", folder.pki, "admin.pem")
    replace_file(folder.kwok, kwok.configuration(toolchain.files / "kwok", kubernetes_version()))
    link_provider(folder, toolchain)
    disable_automatic_logs(folder)
    write_python(folder)
    link_files(folder, toolchain)
    _rotate(folder.logs)


def link_provider(folder: Folder, toolchain: Toolchain) -> None:
    """Put the Kubernetes provider among Pulumi's plugins: Pulumi warns of one that it finds on PATH."""
    link = folder.pulumi_home / "plugins" / PROVIDER_PLUGIN / PROVIDER
    link.parent.mkdir(parents=True, exist_ok=True)
    _link(link, toolchain.provider)


def disable_automatic_logs(folder: Folder) -> None:
    """Keep Pulumi from logging every command to `$PULUMI_HOME/logs`, by a file of that name.

    The logs take most of the engine's CPU time: it formats, compresses and encrypts everything up to verbosity 10.
    Pulumi 3.259.0 has no setting for that. Without the folder it goes on without them: StartLogging in
    pkg/logging/encrypted.go fails, and pkg/cmd/pulumi/pulumi.go takes note. `--verbose` and `--logtostderr` still work.
    """
    logs = folder.pulumi_home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs)
    replace_file(logs, "This file disables Pulumi's automatic logs, see docs/pull-requests.md.\n")


def write_python(folder: Folder) -> None:
    """Write the command by which Pulumi's language host calls Python; it passes everything on, except one question.

    Before each operation the host asks pip for packages with plugins, so that the engine can install these
    (determinePulumiPackages in sdk/python/cmd/pulumi-language-python/main.go). Pip takes as long as the imports of a
    program, and the lab has its plugins: the answer is that there are no such packages.
    """
    replace_file(folder.python, _PYTHON, mode=0o700)


def link_files(folder: Folder, toolchain: Toolchain) -> None:
    """Link every file that a stack may name into one folder, whose path stays when the tools change."""
    targets = {path.name: path for path in toolchain.files.iterdir()} | {"certificate": folder.certificate}
    # Never through a link: behind it would be the tools' own folder, which all labs share.
    if folder.files.is_symlink():
        folder.files.unlink()
    folder.files.mkdir(exist_ok=True)
    for obsolete in {path.name for path in folder.files.iterdir()} - targets.keys():
        (folder.files / obsolete).unlink()
    for name, path in targets.items():
        _link(folder.files / name, path)


def _link(link: Path, to: Path) -> None:
    if not link.is_symlink() or link.readlink() != to:
        link.unlink(missing_ok=True)
        link.symlink_to(to)


def _rotate(logs: Path) -> None:
    """Keep the logs of the last run, and no more: they must not grow for ever."""
    for log in logs.glob("*.log"):
        with suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.1"))
    pods, before = logs / "pods", logs / "pods.1"
    if pods.exists():
        shutil.rmtree(before, ignore_errors=True)
        pods.rename(before)
