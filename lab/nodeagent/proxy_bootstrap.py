"""What the lab adds to the first configuration of Envoy: the mark by which the redirection knows its connections.

Istio's agent merges it: https://istio.io/latest/docs/reference/config/annotations/, sidecar.istio.io/bootstrapOverride.
"""

import json
import socket

from lab.nodeagent.nft_table import PROXY_MARK

OVERRIDE = "bootstrap-override.json"
"""The file, relative to the working directory of Istio's agent."""


def bootstrap_override() -> str:
    """Return the content of the file, in the format of Envoy's config.bootstrap.v3.Bootstrap."""
    mark = {
        "description": "the proxy's own connection",
        "level": socket.SOL_SOCKET,
        "name": socket.SO_MARK,
        "int_value": PROXY_MARK,
        "state": "STATE_PREBIND",
    }
    return json.dumps({"cluster_manager": {"upstream_bind_config": {"socket_options": [mark]}}})
