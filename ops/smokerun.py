"""Asks everybody that a smoke test has to ask: Pulumi, the cluster, and the shop."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

from boutique.journey import PAGES
from boutique.page import Page
from ops.deadline import Deadline
from ops.deployedstack import DeployedStack, deployed_stack
from ops.errors import ClusterError
from ops.frontdoor import Redirect, Served, redirect, served, trust
from ops.link import Link, UnreachableError, link, plain
from ops.runningpods import Running, running_pods
from ops.smoketest import Findings, Result, result
from ops.visit import Visited, visit


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be tested.

    Attributes:
        stack: The name of the environment's stack.
        cacert: A file with an authority to trust besides the system's.
        order: Whether to buy something.
    """

    stack: str
    cacert: Path | None = None
    order: bool = True


def run(request: Request, deadline: Deadline, progress: Callable[[str], None]) -> Result:
    """Test an environment.

    Raises:
        StackError: Its stack cannot be read.
        TrustError: A file with an authority cannot be used.
    """
    believed = trust(request.cacert, os.environ)
    progress("the outputs of the stack")
    stack = deployed_stack(request.stack, deadline)
    progress("the pods")
    running, cluster = _running(stack, deadline)
    pages = [page for page in PAGES if request.order or not page.order]
    where = link(stack.url)
    door = _door(where, deadline, progress) if where else _Door()
    visited, unreachable = _visited(where, pages, believed, door, deadline, progress)
    asked = {name for page in pages for name in page.needs}
    findings = Findings(
        running=running,
        cluster=cluster,
        link=where,
        served=door.served,
        redirect=door.redirect,
        visited=visited,
        unreachable=unreachable,
        left_out=sorted({name for page in PAGES for name in page.needs} - asked),
    )
    return result(stack, findings)


@dataclass(frozen=True, kw_only=True)
class _Door:
    served: Served | None = None
    redirect: Redirect | None = None
    unreachable: str = ""


def _running(stack: DeployedStack, deadline: Deadline) -> tuple[Mapping[str, Running] | None, str]:
    try:
        return running_pods(stack.kubeconfig, stack.namespace, deadline), ""
    except ClusterError as error:
        return None, str(error)


def _door(where: Link, deadline: Deadline, progress: Callable[[str], None]) -> _Door:
    if where.scheme == "http":
        return _Door()
    progress("the certificate")
    try:
        certificate = served(where, deadline)
    except UnreachableError as error:
        return _Door(unreachable=str(error))
    progress("the redirect")
    return _Door(served=certificate, redirect=redirect(plain(where, os.environ), where, deadline))


def _visited(
    where: Link | None,
    pages: Sequence[Page],
    believed: SSLContext,
    door: _Door,
    deadline: Deadline,
    progress: Callable[[str], None],
) -> tuple[Sequence[Visited], str]:
    if where is None or door.unreachable:
        return (), door.unreachable
    try:
        return visit(where, pages, believed, deadline, progress), ""
    except UnreachableError as error:
        return (), str(error)
