"""`boutique status`: the versions that each environment runs."""

from typing import Annotated

import typer

_HAS_DRIFT = 3


def status(
    environments: Annotated[
        list[str] | None, typer.Argument(metavar="[ENV]...", help="Stacks of environments, such as dev; else all.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Also look for drift: differences from the stacks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=1, max=600, help="Seconds for all environments; else 30, with --refresh 120.")
    ] = None,
) -> None:
    """Show for each environment which version of each service runs, and how many of the wanted replicas are ready.

    With the features that live there, and when and by whom it was last updated. An environment that does not answer is
    shown as its stack wants it, and says why.

    Exit code: 0, 3 if --refresh finds a difference, 1 if an environment cannot be read.
    """
    from ops.environments.environment_status import statuses
    from ops.environments.status_view import document, show
    from ops.errors import OperationError
    from ops.features.feature_view import moment_now, working
    from ops.pulumi.workspace import project
    from ops.releases.release_view import show_document
    from support.deadline import Deadline

    deadline = Deadline(timeout or (120 if refresh else 30))
    with working("asking the environments") as progress:
        results = statuses(project(), environments or (), deadline, progress, refresh=refresh)
    if not results:
        raise OperationError(
            "no stack has an environment that was deployed; `pulumi stack ls` shows which stacks there are"
        )
    if as_json:
        show_document(document(results))
    else:
        show(results, moment_now(), refresh=refresh)
    if any(result.trouble for result in results):
        raise typer.Exit(1)
    if any(result.drift for result in results):
        raise typer.Exit(_HAS_DRIFT)
