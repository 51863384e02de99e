"""`boutique promote`: deploys to an environment the versions of another."""

from pathlib import Path
from typing import Annotated

import typer

Preview = Annotated[bool, typer.Option("--preview", help="Show the plan and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NoSmoke = Annotated[bool, typer.Option("--no-smoke", help="Do not test the environment afterwards.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Timeout = Annotated[float, typer.Option(min=1, max=600, help="Seconds for the whole smoke test.")]
Authority = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="An authority for the smoke test to trust besides the system's (PEM)."
    ),
]


def promote(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The stack whose versions are taken, such as dev.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The stack that gets them, such as test.")],
    preview: Preview = False,
    yes: Yes = False,
    no_smoke: NoSmoke = False,
    as_json: Json = False,
    timeout: Timeout = 30,
    cacert: Authority = None,
) -> None:
    """Deploy to an environment the versions that another has deployed, and test it.

    It shows the difference per service, refuses what the target's channel does not let in, writes the stack's file,
    runs `pulumi up`, and `boutique smoke`. Services that TO does not run are left out. Killed at any moment, the same
    command finishes it.

    Exit code: 0 if it is done, 3 if it is deployed and the smoke test finds errors, 1 if it is refused or
    fails.
    """
    from ops.features.feature_view import working
    from ops.pulumi.workspace import project
    from ops.releases.apply import Options, apply_update
    from ops.releases.promotion import promotion
    from ops.releases.release_view import changes_document, show_document, show_promotion
    from ops.releases.rollout import Update

    folder = project()
    with working(f"comparing {source} and {target}"):
        planned = promotion(folder, source, target)
    document = {
        "from": source,
        "to": target,
        "message": planned.message,
        "changes": changes_document(planned.changes),
        "leftOut": list(planned.left_out),
        "kept": list(planned.kept),
    }
    if not as_json:
        show_promotion(planned)
    if planned.is_done:
        if as_json:
            show_document({**document, "deployed": False})
        else:
            typer.echo(f"{target} runs what {source} runs; there is nothing to do")
        return
    update = Update(stack=target, before=planned.before, after=planned.after, message=planned.message)
    options = Options(preview=preview, yes=yes, smoke=not no_smoke, as_json=as_json, timeout=timeout, cacert=cacert)
    apply_update(folder, update, options, document)
