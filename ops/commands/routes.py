"""`boutique routes`: the routes of an environment with their owners, and the backend of one request."""

from typing import Annotated

import typer


def routes(
    env: Annotated[str, typer.Argument(metavar="ENV", help="The environment's stack, such as dev.")],
    headers: Annotated[
        list[str] | None,
        typer.Option("--for", "--header", help="Where a request with this header, 'Cookie: …', goes; repeatable."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The request's host; the environment's own if not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the routes that are in force in an environment, with the stack that owns each, as the cluster has them.

    With --for, --header or --host: the backend of such a request, at the gateway and at each service that it may reach,
    and why.
    """
    from ops.pulumi.workspace import project
    from ops.routes.cluster_routes import route_table
    from ops.routes.route_question import answer_question
    from ops.routes.routes_view import show_answer, show_table

    table = route_table(project(), env)
    if headers or host:
        show_answer(answer_question(table, host or table.entrance.host, headers or ()), as_json=as_json)
    else:
        show_table(table, as_json=as_json)
