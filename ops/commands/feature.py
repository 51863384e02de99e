"""`boutique feature`: deploys the services that a branch changed beside an environment, for its testers."""

import time
from typing import Annotated, Any

import typer

from boutique.settings.durations import Duration

app = typer.Typer(
    help="A branch deploys only what it changed, beside an environment, and only its testers reach it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The branch, such as new-ads.")]
Env = Annotated[
    str | None, typer.Option("--env", "-e", help="The environment's stack; needed if several have such a feature.")
]
Sessions = Annotated[
    list[str] | None,
    typer.Option("--session", help="A tester: the shop's session cookie in their browser; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_HAS_ERRORS = 3


@app.command()
def up(
    name: Name,
    env: Annotated[str, typer.Option("--env", "-e", help="The environment's stack, such as dev.")],
    services: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            "-s",
            metavar="NAME=VERSION",
            help="What the branch changed, as cart=0.10.7-new-cart.3; without any, the newest builds of the branch "
            "in the image registry.",
        ),
    ] = None,
    sessions: Sessions = None,
    ttl: Annotated[
        str | None,
        typer.Option(help="How long it lives from now, such as 90m, 72h or 3d; else as the environment says."),
    ] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Let requests ask for it with boutique-feature: KEY.")
    ] = None,
    secrets_provider: Annotated[str | None, typer.Option(help="As for `pulumi stack init`, for a new stack.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only print the plan, with the routes.")] = False,
    as_json: Json = False,
) -> None:
    """Deploy a feature, or its next build, and print the link to it.

    It creates the stack ENV-NAME and runs `pulumi up`; sessions that have joined before stay.
    """
    from ops.features import update
    from ops.features.feature_view import show_builds, show_updated, working
    from ops.features.identity import identity
    from ops.pulumi.workspace import project

    start = time.monotonic()
    feature = identity(project(), name, env)
    request = update.FeatureRequest(
        services=dict(_service(service) for service in services or ()),
        sessions=sessions or (),
        ttl=_ttl(ttl) if ttl else None,
        header=header,
        secrets_provider=secrets_provider,
    )
    with working(f"{'previewing' if preview else 'deploying'} {feature}") as progress:
        result = update.up(project(), feature, request, progress, on_builds=show_builds, preview=preview)
    if preview:
        typer.echo(result.output)
    else:
        show_updated(result, time.monotonic() - start, as_json=as_json)


@app.command("list")
def list_(
    env: Annotated[str | None, typer.Option("--env", "-e", help="Only of this stack.")] = None, as_json: Json = False
) -> None:
    """List the features with their age, owner, end, services and link."""
    from ops.features.feature_view import moment_now, show_listed
    from ops.features.listing import list_features
    from ops.pulumi.workspace import project

    show_listed(list_features(project(), env), moment_now(), as_json=as_json)


@app.command()
def show(name: Name, env: Env = None, as_json: Json = False) -> None:
    """Show everything about one feature."""
    from ops.errors import OperationError
    from ops.features.feature_view import moment_now, show_feature
    from ops.features.identity import locate_feature
    from ops.features.listing import list_features
    from ops.pulumi.workspace import project

    identity = locate_feature(project(), name, env)
    feature = next(
        (candidate for candidate in list_features(project(), identity.environment) if candidate.key == identity.key),
        None,
    )
    if feature is None:
        raise OperationError(f"{identity}: no such feature; `boutique feature list` lists them")
    show_feature(feature, moment_now(), as_json=as_json)


@app.command()
def join(name: Name, sessions: Sessions = None, env: Env = None, as_json: Json = False) -> None:
    """Send testers to a feature, by their sessions."""
    from ops.features.sessions import add_sessions

    ids = _require_sessions(sessions)
    _change(name, env, "sending testers to", as_json, lambda before: add_sessions(before, ids))


@app.command()
def leave(name: Name, sessions: Sessions = None, env: Env = None, as_json: Json = False) -> None:
    """Send testers back to the environment's own services."""
    from ops.features.sessions import remove_sessions

    ids = _require_sessions(sessions)
    _change(name, env, "sending testers back from", as_json, lambda before: remove_sessions(before, ids))


@app.command()
def extend(
    name: Name,
    ttl: Annotated[str, typer.Option(help="How long it lives from now, such as 90m, 72h or 3d.")],
    env: Env = None,
    as_json: Json = False,
) -> None:
    """Let a feature live longer, or shorter."""
    from boutique.settings.durations import written
    from ops.features.feature_view import moment_now

    length = _ttl(ttl).length
    _change(name, env, "extending", as_json, lambda before: {**before, "expires": written(moment_now() + length)})


@app.command()
def down(name: Name, env: Env = None) -> None:
    """Remove a feature with its routes and its stack, also one that a killed command left half deployed."""
    from ops.features import removal
    from ops.features.feature_view import working
    from ops.features.identity import locate_feature
    from ops.pulumi.workspace import project

    feature = locate_feature(project(), name, env)
    with working(f"removing {feature}") as progress:
        removal.down(project(), feature, progress)
    typer.echo(f"{feature}: removed")


@app.command()
def reap(
    env: Annotated[str | None, typer.Option("--env", "-e", help="Only of this stack.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what has expired.")] = False,
    as_json: Json = False,
) -> None:
    """Remove every feature that has expired. It may run anywhere, any number of times at once.

    It also removes what `boutique audit` has left on this machine when it was killed.

    Exit code: 0 if all are removed but those that another process is working on, 3 if one could not be removed.
    """
    from ops.features.feature_view import moment_now, show_listed, show_reaped, working
    from ops.features.listing import list_features
    from ops.features.reaping import is_due
    from ops.features.reaping import reap as remove
    from ops.pulumi.workspace import clear, project

    now = moment_now()
    expired = [feature for feature in list_features(project(), env) if is_due(feature, now)]
    if dry_run:
        show_listed(expired, now, as_json=as_json)
        return
    with working(f"removing {len(expired)} that have expired") as progress:
        results = remove(project(), expired, progress)
        clear()
    show_reaped(results, now, as_json=as_json)
    if any(result.error for result in results):
        raise typer.Exit(_HAS_ERRORS)


def _change(name: str, env: str | None, action: str, as_json: bool, edit: Any) -> None:  # noqa: ANN401 - see update
    from ops.features import update
    from ops.features.feature_view import show_updated, working
    from ops.features.identity import locate_feature
    from ops.pulumi.workspace import project

    start = time.monotonic()
    feature = locate_feature(project(), name, env)
    with working(f"{action} {feature}") as progress:
        result = update.change(project(), feature, edit, progress)
    show_updated(result, time.monotonic() - start, as_json=as_json)


def _service(text: str) -> tuple[str, str]:
    name, equals, version = text.partition("=")
    if not (name and equals and version):
        raise typer.BadParameter(
            f"{text!r} is not NAME=VERSION, such as cart=0.10.7-new-cart.3", param_hint="--service"
        )
    return name, version


def _ttl(text: str) -> Duration:
    try:
        return Duration.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}", param_hint="--ttl") from None


def _require_sessions(sessions: list[str] | None) -> list[str]:
    if not sessions:
        raise typer.BadParameter("give at least one", param_hint="--session")
    return sessions
