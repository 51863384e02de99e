"""`boutique rollback`: deploys a former release of an environment again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.commands.promote import Authority, Json, NoSmoke, Preview, Timeout, Yes


def rollback(
    env: Annotated[str, typer.Argument(metavar="ENV", help="The environment's stack, such as test.")],
    show_list: Annotated[bool, typer.Option("--list", help="Only list the former releases.")] = False,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="N", min=1, help="The update to go back to; else the last one that differs."),
    ] = None,
    keep_secrets: Annotated[
        bool, typer.Option("--keep-secrets", help="Keep the current content of the services' secrets.")
    ] = False,
    preview: Preview = False,
    yes: Yes = False,
    no_smoke: NoSmoke = False,
    as_json: Json = False,
    timeout: Timeout = 30,
    cacert: Authority = None,
) -> None:
    """Deploy a former release again, with the settings and secrets that its services had, and test it.

    Former releases are the stack's successful updates. What says nothing of services stays as it is now: the cluster,
    the platform, and whether the environment has features.

    Exit code: 0 if it is done, 3 if it is deployed and the smoke test finds errors, 1 if it is refused or
    fails.
    """
    from ops.features.feature_view import working
    from ops.pulumi.workspace import project
    from ops.releases.apply import Options, apply_update
    from ops.releases.release_view import changes_document, show_rollback
    from ops.releases.rollback_plan import rollback as planned_rollback
    from ops.releases.rollout import Update

    folder = project()
    if show_list:
        _list(folder, env, as_json=as_json)
        return
    with working(f"reading the history of {env}"):
        planned = planned_rollback(folder, env, to, keep_secrets=keep_secrets)
    document: dict[str, Any] = {
        "stack": env,
        "to": planned.former.first.number,
        "message": planned.message,
        "changes": changes_document(planned.changes),
        "secrets": list(planned.secrets),
        "diff": planned.diff,
    }
    if not as_json:
        show_rollback(planned)
    update = Update(stack=env, before=planned.before, after=planned.after, message=planned.message)
    options = Options(preview=preview, yes=yes, smoke=not no_smoke, as_json=as_json, timeout=timeout, cacert=cacert)
    apply_update(folder, update, options, document)


def _list(folder: Path, env: str, *, as_json: bool) -> None:
    from ops.pulumi.interrupted_updates import updates
    from ops.pulumi.stack_application import application_of
    from ops.releases.release_view import former_document, show_document, show_former
    from ops.releases.revisions import releases, running_release

    history = updates(folder, env, secrets=True)
    revisions = releases(application_of(folder, env), history)
    current = running_release(history, revisions)
    if as_json:
        show_document(former_document(revisions, current))
    elif revisions:
        show_former(revisions, current)
    else:
        typer.echo(f"stack {env!r} has no successful update with an environment", err=True)
