"""What `boutique lab status` shows."""

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


def show_status(found: Sequence[LabStatus], inside: Sequence[LabContents], *, as_json: bool, as_list: bool) -> None:
    """Print the state of labs, for a reader or for a program."""
    if as_json:
        content = [
            {**asdict(one), "folder": str(one.folder), "logs": str(one.folder / "logs"), **asdict(within)}
            for one, within in zip(found, inside, strict=True)
        ]
        typer.echo(json.dumps(content if as_list else content[0], indent=2))
        return
    # A pipe has no width, and names that are cut are of no use.
    console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 10_000)
    for one, within in zip(found, inside, strict=True):
        _print(console, one, within)
    if not found:
        typer.echo("there is no lab", err=True)


def _print(console: Console, one: LabStatus, within: LabContents) -> None:
    state = f"{one.state}, up {_duration(one.uptime)}" if one.pid else one.state
    detail = f", waiting for {one.awaited}" if one.awaited else f", {one.failed} does not start" if one.failed else ""
    console.print(f"lab {one.name}: {state}{detail}")
    console.print(f"API     {one.api or 'none yet'}\nweb     {one.https or 'none yet'}  {one.http}".rstrip())
    console.print(f"folder  {one.folder}\nlogs    {one.folder / 'logs'}")
    if not one.components:
        return
    console.print(_components(one.components))
    if within.pods:
        console.print()
        console.print(_pods(within.pods, {(each.namespace, each.pod): each for each in within.proxies or ()}))
        console.print("\n".join(_mesh(within)))
    memory = within.memory
    parts = f"{_mebibytes(memory.control_plane)} control plane, {_mebibytes(memory.pods)} pods"
    console.print(f"memory: {_mebibytes(memory.total)} ({parts})")


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
    for title in ("ready", "restarts", "address", "memory", "proxy", "certificate ends in"):
        table.add_column(title)
    for pod in pods:
        ready = sum(container.ready for container in pod.containers)
        restarts = sum(container.restarts for container in pod.containers)
        proxy = proxies.get((pod.namespace, pod.name))
        columns = (f"{ready}/{len(pod.containers)}", str(restarts), pod.address, _mebibytes(pod.memory))
        table.add_row(pod.namespace, pod.name, *columns, _sync(proxy), _left(proxy))
    return table


def _sync(proxy: ProxyStatus | None) -> str:
    if proxy is None:
        return _UNKNOWN
    return proxy.sync if proxy.alive else "does not answer"


def _left(proxy: ProxyStatus | None) -> str:
    return _duration(proxy.expires - time.time()) if proxy and proxy.expires else _UNKNOWN


def _mesh(within: LabContents) -> list[str]:
    """Return what there is to say of all proxies together."""
    if within.proxies is None:
        return [f"proxies: unknown, {within.trouble}"]
    if not within.proxies:
        return []
    synced = sum(one.synced for one in within.proxies)
    lines = [f"proxies: {synced} of {len(within.proxies)} synced"]
    now = time.time()
    certified = [one for one in within.proxies if one.expires]
    if certified:
        ages = sorted(now - one.valid_from for one in certified)
        left = min(one.expires - now for one in certified)
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
