"""The output of `boutique lab status`."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta

import typer
from rich.console import Console
from rich.table import Table

from lab.contents import LabContents
from lab.pod_status import PodStatus
from lab.proxies import ProxyStatus
from lab.record import ComponentRecord
from lab.status import LabStatus

_UNKNOWN = "-"


def show_status(labs: Sequence[LabStatus], contents: Sequence[LabContents], *, as_json: bool, as_list: bool) -> None:
    """Print the state of labs, as text or as JSON."""
    if as_json:
        content = [
            {**asdict(lab), "folder": str(lab.folder), "logs": str(lab.folder / "logs"), **asdict(lab_contents)}
            for lab, lab_contents in zip(labs, contents, strict=True)
        ]
        typer.echo(json.dumps(content if as_list else content[0], indent=2))
        return
    # A pipe has no width, and names that are cut are of no use.
    console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 10_000)
    for lab, lab_contents in zip(labs, contents, strict=True):
        _print(console, lab, lab_contents)
    if not labs:
        typer.echo("there is no lab", err=True)


def _print(console: Console, lab: LabStatus, contents: LabContents) -> None:
    state = f"{lab.state}, up {_duration(lab.uptime)}" if lab.pid else lab.state
    detail = f", waiting for {lab.awaited}" if lab.awaited else f", {lab.failed} does not start" if lab.failed else ""
    console.print(f"lab {lab.name}: {state}{detail}")
    console.print(f"API     {lab.api or 'none yet'}\nweb     {lab.https or 'none yet'}  {lab.http}".rstrip())
    console.print(f"folder  {lab.folder}\nlogs    {lab.folder / 'logs'}")
    if not lab.components:
        return
    console.print(_components(lab.components))
    if contents.pods:
        console.print()
        console.print(_pods(contents.pods, {(proxy.namespace, proxy.pod): proxy for proxy in contents.proxies or ()}))
        console.print("\n".join(_mesh(contents)))
    memory = contents.memory
    parts = f"{_mebibytes(memory.control_plane)} control plane, {_mebibytes(memory.pods)} pods"
    console.print(f"memory: {_mebibytes(memory.total)} ({parts})")
    if lab.limits:
        console.print(f"limits of CPU and memory are not enforced: {lab.limits}")


def _components(components: Sequence[ComponentRecord]) -> Table:
    table = Table("component", "state", "pid", "up", "restarts", "ports inside", box=None, pad_edge=False)
    for component in components:
        table.add_row(
            component.name,
            component.state,
            str(component.pid or _UNKNOWN),
            _duration(time.time() - component.started) if component.pid else _UNKNOWN,
            str(component.restarts),
            " ".join(map(str, component.ports)),
        )
    return table


def _pods(pods: Sequence[PodStatus], proxies: Mapping[tuple[str, str], ProxyStatus]) -> Table:
    table = Table("namespace", box=None, pad_edge=False)
    table.add_column("pod", overflow="fold")
    for title in ("ready", "restarts", "address", "memory", "containers", "proxy", "certificate ends in"):
        table.add_column(title)
    for pod in pods:
        ready = sum(container.ready for container in pod.containers)
        restarts = sum(container.restarts for container in pod.containers)
        proxy = proxies.get((pod.namespace, pod.name))
        columns = (f"{ready}/{len(pod.containers)}", str(restarts), pod.address, _mebibytes(pod.memory), _kinds(pod))
        table.add_row(pod.namespace, pod.name, *columns, _sync(proxy), _left(proxy))
    return table


def _kinds(pod: PodStatus) -> str:
    """Return what runs for the containers of a pod that are no program of Istio's."""
    kinds = {container.name: container.source for container in pod.containers if container.kind == "app"}
    if len(set(kinds.values())) > 1:
        return ", ".join(f"{name}: {source}" for name, source in kinds.items())
    return next(iter(kinds.values()), _UNKNOWN)


def _sync(proxy: ProxyStatus | None) -> str:
    if proxy is None:
        return _UNKNOWN
    return proxy.sync if proxy.alive else "does not answer"


def _left(proxy: ProxyStatus | None) -> str:
    return _duration(proxy.expires - time.time()) if proxy and proxy.expires else _UNKNOWN


def _mesh(contents: LabContents) -> list[str]:
    """Return the lines about all proxies together."""
    if contents.proxies is None:
        return [f"proxies: unknown, {contents.proxies_error}"]
    if not contents.proxies:
        return []
    synced = sum(proxy.is_synced for proxy in contents.proxies)
    lines = [f"proxies: {synced} of {len(contents.proxies)} synced"]
    now = time.time()
    certified = [proxy for proxy in contents.proxies if proxy.expires]
    if certified:
        ages = sorted(now - proxy.valid_from for proxy in certified)
        left = min(proxy.expires - now for proxy in certified)
        lines.append(
            f"certificates: {len(certified)}, from {_duration(ages[0])} to {_duration(ages[-1])} old; "
            f"the first ends in {_duration(left)}"
        )
    return lines


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _duration(seconds: float) -> str:
    if seconds < 0:
        return f"-{timedelta(seconds=round(-seconds))}"
    return str(timedelta(seconds=round(seconds)))
