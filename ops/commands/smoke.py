"""`boutique smoke`: tests whether the services of a stack run, in the right version, and can be reached."""

from pathlib import Path
from typing import Annotated

import typer

from support.deadline import Deadline

_HAS_ERRORS = 3


def smoke(
    context: typer.Context,
    stack: Annotated[
        str | None,
        typer.Argument(
            metavar="STACK", help="The stack of the environment, such as local; with --feature only if several have it."
        ),
    ] = None,
    feature: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A feature, such as new-ads: do its testers' requests reach its services?"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=1, max=600, help="Seconds for the whole test.")] = 30,
    cacert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An authority to trust besides the system's (PEM).")
    ] = None,
    no_order: Annotated[
        bool, typer.Option("--no-order", help="Place no order; services that only an order reaches are then unknown.")
    ] = False,
) -> None:
    """Show for each service of an environment if it is ready, runs the right version, and is reached by a request.

    It looks at the pods with the rights of the environment's deployer, at the certificate, and at the pages of the shop
    like a visitor: it puts something into a cart and buys it, as smoke-test@example.com. Nothing is tried twice.

    With --feature the same of the services that a feature changed, by its preview link: every call of them has to be
    answered by the feature, and if not, it says where on the way the feature's key got lost.

    Exit code: 0 without errors, 3 with errors, 1 if the stack cannot be read.
    """
    deadline = Deadline(timeout)
    if feature is not None:
        has_errors = _feature(feature, stack, deadline, cacert, order=not no_order, as_json=as_json)
    elif stack is not None:
        has_errors = _environment(stack, deadline, cacert, order=not no_order, as_json=as_json)
    else:
        context.fail("Missing argument 'STACK': give the stack of an environment, such as local, or --feature NAME.")
    if has_errors:
        raise typer.Exit(_HAS_ERRORS)


def _environment(stack: str, deadline: Deadline, cacert: Path | None, *, order: bool, as_json: bool) -> bool:
    from ops.smoke.smoke_run import SmokeRequest, run
    from ops.smoke.smoke_view import progress, show

    with progress(stack, deadline) as report:
        result = run(stack, SmokeRequest(cacert=cacert, order=order), deadline, report)
    show(result, deadline.spent, as_json=as_json)
    return bool(result.errors)


def _feature(
    name: str, stack: str | None, deadline: Deadline, cacert: Path | None, *, order: bool, as_json: bool
) -> bool:
    from ops.features.feature_smoke_run import run
    from ops.pulumi.workspace import project
    from ops.smoke.smoke_run import SmokeRequest
    from ops.smoke.smoke_view import progress, show

    request = SmokeRequest(cacert=cacert, order=order)
    with progress(f"--feature {name}", deadline) as report:
        result = run(project(), name, stack, request, deadline, report)
    show(result, deadline.spent, as_json=as_json)
    return bool(result.errors)
