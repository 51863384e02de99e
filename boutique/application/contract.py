"""The part of an application that an environment's policies, routes and features rely on: services, ports and calls."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from boutique.application.application import Application
from boutique.settings.errors import ErrorLine
from boutique.settings.fields import Number, Section

Names = Annotated[tuple[str, ...], Field(strict=False)]


class WorkloadContract(Section):
    """The ports of one workload, with the port of its container, and the workloads that it calls."""

    ports: dict[str, Annotated[tuple[Number, Number], Field(strict=False)]] = Field(default_factory=dict)
    """The Service's port and the container's, by name."""
    calls: Names = ()
    """The names of its callees."""


class ApplicationContract(Section):
    """The services of an application as an environment was deployed with them."""

    name: str
    """The name of the application."""
    reference: str
    """The name of its file in the folder `application`, or the path."""
    workloads: dict[str, WorkloadContract]
    """By name."""


def contract(application: Application, reference: str) -> ApplicationContract:
    """Return the contract of an application.

    Args:
        application: The application.
        reference: Its name in the folder `application`, or the path of its file.
    """
    return ApplicationContract(
        name=application.name,
        reference=reference,
        workloads={
            workload.name: WorkloadContract(
                ports={port.name: (port.port or 0, port.container_port) for port in workload.service_ports},
                calls=tuple(sorted(workload.callees)),
            )
            for workload in application.workloads
        },
    )


def contract_errors(deployed: ApplicationContract, current: ApplicationContract, stack: str) -> Iterator[ErrorLine]:
    """Return a line for each difference between an application's file and what an environment was deployed with.

    Args:
        deployed: The contract of the environment.
        current: That of the file.
        stack: The stack of the environment.
    """
    remedy = f"run `pulumi up` of the stack {stack!r} with this file first, or take the file that it was deployed with"
    place = f"application {current.reference!r}: workloads"
    for name in sorted({*deployed.workloads, *current.workloads}):
        before, now = deployed.workloads.get(name), current.workloads.get(name)
        if before is None or now is None:
            yield ErrorLine(
                "another-application-file", f"{place}.{name}: {'is new' if before is None else 'is gone'}; {remedy}"
            )
        elif before.ports != now.ports:
            yield ErrorLine(
                "another-application-file", f"{place}.{name}.ports: differ from those of the environment; {remedy}"
            )
        elif before.calls != now.calls:
            changed = ", ".join(sorted({*before.calls} ^ {*now.calls}))
            yield ErrorLine(
                "another-application-file",
                f"{place}.{name}.calls: differ from those of the environment ({changed}); {remedy}",
            )


def _changed(text: str) -> ErrorLine:
    return ErrorLine("another-application-file", text)
