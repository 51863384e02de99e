"""`boutique smoke`: whether what a stack deployed is there, is what it wants, and can be reached."""

from pathlib import Path
from typing import Annotated

import typer

_WRONG = 3


def smoke(
    stack: Annotated[str, typer.Argument(help="The stack of the environment, such as local.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=1, max=600, help="Seconds to be done in, as a whole.")] = 30,
    cacert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An authority to trust besides the system's (PEM).")
    ] = None,
    no_order: Annotated[
        bool, typer.Option("--no-order", help="Buy nothing; what only an order reaches is then not known.")
    ] = False,
) -> None:
    """Say of each service of an environment if it is ready, runs what its stack wants, and is reached by a request.

    It looks at the pods with the rights of the environment's deployer, at the certificate, and at the pages of the shop
    like a visitor: it puts something into a cart and buys it, as smoke-test@example.com. Nothing is tried twice.

    Exit code: 0 if everything is as it should be, 3 if something is not, 1 if the stack cannot be read.
    """
    from ops.deadline import Deadline
    from ops.smokereport import progress
    from ops.smokerun import Request, run
    from ops.smokeview import show

    deadline = Deadline(timeout)
    with progress(stack, deadline) as told:
        found = run(Request(stack=stack, cacert=cacert, order=not no_order), deadline, told)
    show(found, deadline.spent, as_json=as_json)
    if found.mistakes:
        raise typer.Exit(_WRONG)
