"""`boutique routes`: who is sent where in an environment, who says so, and where one request would go."""

from typing import Annotated

import typer


def routes(
    env: Annotated[str, typer.Argument(metavar="ENV", help="The environment's stack, such as dev.")],
    headers: Annotated[
        list[str] | None,
        typer.Option("--for", "--header", help="Where a request with this header, 'Cookie: …', goes; again for more."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The request's host; the environment's own if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the routes that are in force in an environment, with the stack that owns each, as the cluster has them.

    With --for, --header or --host: where such a request goes, there and at each service that it may reach, and why.
    """
    from ops.pulumi.workspace import project
    from ops.routes.cluster_routes import route_table
    from ops.routes.route_question import question
    from ops.routes.routes_view import show_answer, show_table

    found = route_table(project(), env)
    if headers or host:
        show_answer(question(found, host or found.entrance.host, headers or ()), as_json=as_json)
    else:
        show_table(found, as_json=as_json)
