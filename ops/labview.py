"""What the `boutique lab` commands show."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from lab.locks import StaleLock
    from lab.pods import PodStatus
    from lab.status import Status


@contextmanager
def started(name: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what the start of a lab is waiting for, and at last how long it took."""
    from rich.console import Console

    console = Console(stderr=True)
    began = time.monotonic()
    with console.status(f"lab {name}: starting") as line:

        def progress(awaited: str) -> None:
            line.update(f"lab {name}: waiting for {awaited} ({time.monotonic() - began:.0f} s)")

        yield progress
    typer.echo(f"lab {name} is ready after {time.monotonic() - began:.1f} s", err=True)


def show_locks(removed: "Sequence[StaleLock]") -> None:
    """Say which locks were removed."""
    for lock in removed:
        typer.echo(
            f"removed the Pulumi lock of stack {lock.stack}: its process {lock.pid}, of {lock.timestamp}, is gone",
            err=True,
        )


def show_orphans(ended: "Sequence[str]") -> None:
    """Say which parts of a killed Pulumi were ended."""
    if ended:
        typer.echo(f"ended what a killed pulumi left running: {', '.join(ended)}", err=True)


def show_environment(found: "Status") -> None:
    """Hint at what the environment alone does not give."""
    if not found.pid:
        typer.echo(f"lab {found.name} is not running: start it with `boutique lab up --name {found.name}`", err=True)


def show_status(found: "Sequence[Status]", *, as_json: bool, as_list: bool) -> None:
    """Print the state of labs, for a reader or for a program."""
    if as_json:
        content = [{**asdict(one), "folder": str(one.folder), "logs": str(one.folder / "logs")} for one in found]
        typer.echo(json.dumps(content if as_list else content[0], indent=2))
        return
    for one in found:
        _print(one)
    if not found:
        typer.echo("there is no lab", err=True)


def _print(one: "Status") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False)
    state = f"{one.state}, up {_duration(one.uptime)}" if one.pid else one.state
    detail = f", waiting for {one.awaited}" if one.awaited else f", {one.failed} does not start" if one.failed else ""
    console.print(f"lab {one.name}: {state}{detail}")
    console.print(f"API     {one.api or 'none yet'}\nweb     {one.https or 'none yet'}  {one.http}".rstrip())
    console.print(f"folder  {one.folder}\nlogs    {one.folder / 'logs'}")
    if not one.components:
        return
    table = Table("component", "state", "pid", "up", "restarts", "ports inside", box=None, pad_edge=False)
    for component in one.components:
        table.add_row(
            component.name,
            component.state,
            str(component.pid or "-"),
            _duration(time.time() - component.started) if component.pid else "-",
            str(component.restarts),
            " ".join(map(str, component.ports)),
        )
    console.print(table)
    if one.pods:
        console.print()
        console.print(_pods(one.pods))
        proxies = [container for pod in one.pods for container in pod.containers if container.kind == "proxy"]
        ready = sum(proxy.ready for proxy in proxies)
        memory = sum(pod.memory for pod in one.pods)
        console.print(f"{ready} of {len(proxies)} proxies ready; the pods use {_mebibytes(memory)}")


def _pods(pods: "Sequence[PodStatus]") -> "Table":
    from rich.table import Column, Table

    table = Table("namespace", Column("pod", overflow="fold"), "ready", "restarts", box=None, pad_edge=False)
    for title in ("address", "processes", "memory"):
        table.add_column(title)
    for pod in pods:
        ready = sum(container.ready for container in pod.containers)
        restarts = sum(container.restarts for container in pod.containers)
        columns = (f"{ready}/{len(pod.containers)}", restarts, pod.address, pod.processes, _mebibytes(pod.memory))
        table.add_row(pod.namespace, pod.name, *map(str, columns))
    return table


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
