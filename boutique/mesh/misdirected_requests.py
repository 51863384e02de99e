"""Requests that arrive over a connection for another host of the same gateway: status 421 in place of 404.

A browser sends requests for a second host over the connection that it has, if that connection's certificate covers both
hosts (RFC 9113, section 9.1.1). Envoy chooses the routes by the connection's server name (SNI), so it may have none for
the second host there, although the gateway serves it. Status 421 makes the client open a connection for that host
(RFC 9110, section 15.5.20). Routes of another connection are never used: whose host it is stays as it was.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/local_reply
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

API_VERSION = "networking.istio.io/v1alpha3"
KIND = "EnvoyFilter"
NAME = "misdirected-requests"

# `istioctl analyze` warns of every EnvoyFilter, since it may change with Envoy; the lab's tests ask a real one.
ANNOTATIONS = {"galley.istio.io/analyze-suppress": "IST0133"}

_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
_TYPE = "type.googleapis.com/envoy.extensions"
_STATUS = 421
_TEXT = "The connection is for another host. Open this page again.\n"


def spec(labels: Mapping[str, str], hosts: Sequence[str]) -> dict[str, Any]:
    """Return the `spec` of the EnvoyFilter.

    Args:
        labels: Of the gateway's pods.
        hosts: The hosts that the gateway serves, together with all names under them.
    """
    without_route = {"response_flag_filter": {"flags": ["NR"]}}
    elsewhere = {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": f"{_TYPE}.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": misdirected_expression(hosts),
            },
        }
    }
    mapper = {
        "filter": {"and_filter": {"filters": [without_route, elsewhere]}},
        "status_code": _STATUS,
        "body": {"inline_string": _TEXT},
    }
    manager = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "local_reply_config": {"mappers": [mapper]},
    }
    patch = {
        "applyTo": "NETWORK_FILTER",
        "match": {"context": "GATEWAY", "listener": {"filterChain": {"filter": {"name": _CONNECTION_MANAGER}}}},
        "patch": {"operation": "MERGE", "value": {"name": _CONNECTION_MANAGER, "typed_config": manager}},
    }
    return {"workloadSelector": {"labels": dict(labels)}, "configPatches": [patch]}


def misdirected_expression(hosts: Sequence[str]) -> str:
    """Return the CEL expression: the gateway serves the request's host, but over connections of another server name.

    Envoy's CEL joins no texts, so the host, which may have a port, is compared by its beginning. A request without a
    server name came by plain HTTP.
    """
    names = "|".join(host.replace(".", "[.]") for host in hosts)
    pattern = json.dumps(f"(?i)^(.+[.])?({names})(:[0-9]+)?$")
    return f"request.host.matches({pattern}) && !request.host.startsWith(connection.requested_server_name)"
