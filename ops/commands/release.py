"""`boutique release`: which version of each service an environment runs."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Which version of each service an environment runs: as its file says, and as it is deployed.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

Env = Annotated[str, typer.Argument(metavar="ENV", help="The environment's stack, such as dev.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def show(env: Env, as_json: Json = False) -> None:
    """Show the version of each service: what the stack's file asks for, and what the stack has deployed."""
    from ops.pulumi.workspace import project
    from ops.releases.release_view import show_document, show_release
    from ops.releases.show import document, read_release_state

    state = read_release_state(project(), env)
    if as_json:
        show_document(document(state))
    else:
        show_release(state)


@app.command("set")
def set_(
    env: Env,
    default: Annotated[
        str | None,
        typer.Option(metavar="TAG", help="The version of all services whose images are published together."),
    ] = None,
    services: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            "-s",
            metavar="NAME=VERSION",
            help="The version of one service: a tag, tag@sha256:… or @sha256:…; repeatable.",
        ),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Leave this service to the default again; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change the release in the stack's file; `pulumi up` deploys it.

    The file is checked first, as `pulumi up` would, and by the channel of the environment's target: what is refused
    changes nothing. Comments and the order of the file stay.
    """
    from ops.pulumi.workspace import project
    from ops.releases.release_view import changes_document, show_changes, show_document
    from ops.releases.set_release import ReleaseRequest, set_release

    if not (default or services or unset):
        raise typer.BadParameter("give --default, --service or --unset")
    request = ReleaseRequest(
        default=default, services=dict(_service(service) for service in services or ()), unset=unset or ()
    )
    changes = set_release(project(), env, request)
    if as_json:
        show_document({"stack": env, "changes": changes_document(changes)})
        return
    show_changes(changes, "before", "now")
    typer.echo(f"`pulumi up --stack {env}` deploys it" if changes else "the file has that release already", err=True)


def _service(text: str) -> tuple[str, str]:
    name, equals, version = text.partition("=")
    if not (name and equals and version):
        raise typer.BadParameter(f"{text!r} is not NAME=VERSION, such as cart=v0.10.7", param_hint="--service")
    return name, version


@app.command()
def check(
    env: Env,
    take: Annotated[bool, typer.Option("--set", help="Write every newer version into the stack's file.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest version of each service in the registry that the environment's channel accepts.

    Newest is by SemVer, wherever a tag is in the list; tags that are no versions are left out. Without a channel only
    releases are looked at. A version is taken with its digest. `pulumi up` deploys what --set has written.
    """
    from ops.features.feature_view import working
    from ops.pulumi.workspace import project
    from ops.releases.feed import document, feed
    from ops.releases.release_view import show_document, show_feed

    with working(f"looking for versions for {env}") as progress:
        versions = feed(project(), env, progress)
    if take:
        versions.before.replace_with(versions.after)
    if as_json:
        show_document({**document(versions), "set": take})
        return
    show_feed(versions)
    if versions.after == versions.before:
        typer.echo("there is nothing newer", err=True)
    elif take:
        typer.echo(f"{versions.after.path.name} has them; `pulumi up --stack {env}` deploys it", err=True)
    else:
        typer.echo("--set writes the newer ones into the stack's file", err=True)
