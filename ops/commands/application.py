"""`boutique application`: imports an application from manifests, and checks the file of one."""

from typing import Annotated

import typer

app = typer.Typer(
    help="The file of an application: import it from Kubernetes manifests, and check it.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)

_INVALID = 1
_INCOMPLETE = 3


@app.command("import")
def import_(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Manifests: files, folders, or - for standard input.")
    ],
    name: Annotated[
        str | None, typer.Option(help="What the application is called; as its labels, namespace or file if not given.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="The namespace to take, if the manifests have several.")
    ] = None,
    entry: Annotated[
        str | None, typer.Option(help="The workload that people reach, where no Ingress or other route tells it.")
    ] = None,
    session_cookie: Annotated[
        str | None, typer.Option(metavar="NAME", help="The cookie with the id of a visitor's session.")
    ] = None,
    session_header: Annotated[
        str | None, typer.Option(metavar="NAME", help="The header with the id of a client's session.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare every field of the manifests with what the program renders.")
    ] = False,
) -> None:
    """Print the file of an application that manifests describe; on stderr what was left out of it, and why.

    What other programs render can be piped in: helm template NAME CHART | boutique application import -

    The exit code is 3 if something was left out or differs, and 1 if the printed file has errors to correct by hand.
    """
    from ops.applications.import_view import show_import
    from ops.applications.manifest_import import ImportRequest, import_from

    if session_cookie and session_header:
        raise typer.BadParameter("give one of --session-cookie and --session-header", param_hint="--session-header")
    result = import_from(
        ImportRequest(
            paths=paths,
            namespace=namespace,
            name=name,
            entry=entry,
            session_cookie=session_cookie,
            session_header=session_header,
            compare=check,
        )
    )
    show_import(result)
    if result.errors:
        raise typer.Exit(_INVALID)
    if result.report.left_out or (result.comparison and result.comparison.differences):
        raise typer.Exit(_INCOMPLETE)


@app.command()
def check(
    application: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="A name in the folder application, or the path of a file.")
    ],
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print only the call graph, for Mermaid.")] = False,
) -> None:
    """Check the file of an application; show who calls whom, which calls features can follow, and what it lacks."""
    from ops.applications.application_files import find_application
    from ops.applications.application_view import show_application

    show_application(find_application(application), mermaid=mermaid)
