"""`boutique review`: what a pull request changes in the stacks."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="What a pull request changes in the stacks, for its reviewers.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

Base = Annotated[str, typer.Option(metavar="REF", help="What to compare with, such as origin/main.")]


@app.command()
def comment(
    stack: Annotated[
        str | None, typer.Argument(metavar="STACK", help="The stack to preview; with --from only if the file is empty.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--from", help="Preview nothing, read this output of `pulumi preview --json --show-sames`."),
    ] = None,
    commit: Annotated[str | None, typer.Option(help="The commit that the comment is about, to name it.")] = None,
) -> None:
    """Print a comment for GitHub: what `pulumi up` would do to a stack, the routes concerned, and what it costs.

    Its first line is hidden, and the same for each comment on the stack: the next one replaces it.

    Exit code: 0 if there is a plan, 1 if not; the comment then says why.
    """
    from ops.features.feature_view import working
    from ops.pulumi.stack_application import application_of
    from ops.pulumi.workspace import project
    from ops.reviews.comment import ReviewedApplication
    from ops.reviews.comment import comment as written
    from ops.reviews.preview import preview, read_saved_plan

    if file is not None:
        plan = read_saved_plan(file, stack)
    elif stack is None:
        raise typer.BadParameter("give the stack to preview, or --from FILE", param_hint="STACK")
    else:
        with working(f"previewing {stack}"):
            plan = preview(project(), stack)
    reviewed = application_of(project(), stack)
    application = ReviewedApplication(
        stores=[workload.name for workload in reviewed.workloads if workload.stateful],
        callers={workload.name: reviewed.callers(workload.name) for workload in reviewed.workloads},
    )
    typer.echo(written(plan, application, commit), nl=False)
    if plan.errors:
        raise typer.Exit(1)


@app.command()
def affected(
    base: Base,
    stacks: Annotated[list[str] | None, typer.Option("--stack", "-s", help="Only this stack; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of names, for a matrix of jobs.")] = False,
) -> None:
    """Print the stacks that this branch affects: those whose files it changes, and those that depend on them.

    A change of the program affects every stack.
    """
    import json

    from ops.pulumi.workspace import project
    from ops.reviews.affected_stacks import affected_stacks
    from ops.reviews.changed_files import list_changes, stack_files

    folder = project()
    result = affected_stacks(list_changes(folder, base), stack_files(folder))
    for stack in result.removed:
        typer.echo(f"the file of stack {stack!r} is gone; if the stack still exists, destroy it first", err=True)
    reasons = {stack: reason for stack, reason in result.stacks.items() if not stacks or stack in stacks}
    if as_json:
        typer.echo(json.dumps(list(reasons)))
        return
    for stack, reason in reasons.items():
        typer.echo(f"{stack}: {reason}")
    if not reasons:
        typer.echo("no stack is affected", err=True)


@app.command()
def versions(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The stack of an environment, such as dev.")],
    base: Base,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the services of an environment that have other versions on this branch, as NAME=VERSION."""
    import json

    from ops.pulumi.workspace import project
    from ops.reviews.branch_versions import versions as branch_versions

    changes = branch_versions(project(), stack, base)
    typer.echo(
        json.dumps(changes) if as_json else "\n".join(f"{service}={version}" for service, version in changes.items())
    )
