"""The behaviour of a workload of which nothing is known but the ports of its container."""

from lab.standins.behaviour import ANY_METHOD, Behaviour, Method, ServedPort, Site, StandinRoute
from support.port_protocols import port_protocol

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The HTTP methods that a page of no application in particular answers."""

PROBES = StandinRoute(path="/{...}", verbs=VERBS, text="ok", health=True, probes_only=True)
"""Answers probes of any path: that of a page may make calls that fail."""


def port_behaviour(ports: str) -> Behaviour:
    """Return a behaviour that serves every port: by the protocol that its name tells, else a page.

    Args:
        ports: Numbers and names of the container's ports, such as `8080:http,9000:`.

    Raises:
        ValueError: They are written in another way.
    """
    served = []
    for port in filter(None, ports.split(",")):
        number, _, name = port.partition(":")
        served.append(ServedPort(number=int(number), protocol=port_protocol(name=name, number=int(number))))
    return Behaviour(
        ports=tuple(served),
        methods=(Method(path=ANY_METHOD),),
        site=Site(routes=(PROBES, StandinRoute(path="/{...}", verbs=VERBS))),
    )
