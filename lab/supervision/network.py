"""The addresses of the lab's own network namespace, and the setup that makes them reachable.

Nothing here reaches another machine: the namespace has no interface but its loopback.
"""

PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
"""The API server gives the first address of the range to the Service `kubernetes` in the namespace `default`."""

LAB_ADDRESS = "10.244.255.254"
"""The machine that the control plane seems to be: in the pods' range, so that they reach it, but in neither node's."""

LOOPBACK = "127.0.0.1"


def set_up() -> None:
    """Give the current network namespace its addresses.

    The ranges of pods and Services lead to the loopback: connections to an address without a server are refused at
    once instead of timing out.
    """
    from pyroute2 import IPRoute  # here, since it is slow to import and only the supervisor needs it

    with IPRoute() as routes:
        loopback = routes.link_lookup(ifname="lo")[0]
        routes.link("set", index=loopback, state="up")
        routes.addr("add", index=loopback, address=LAB_ADDRESS, prefixlen=32)
        for destination in (PODS, SERVICES):
            # As `ip route add local`: table 255 is the one of the host's own addresses, scope 254 the host itself.
            routes.route("add", dst=destination, oif=loopback, type="local", table=255, scope=254)
