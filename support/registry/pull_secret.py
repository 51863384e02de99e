"""The credentials in a pull secret of Kubernetes.

https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
"""

import json
from collections.abc import Mapping
from typing import Any

from support.registry.address import Address
from support.registry.credentials import RegistryCredentials
from support.registry.docker_configuration import find_entry

CONFIGURATION_KEY = ".dockerconfigjson"
LEGACY_KEY = ".dockercfg"


class PullSecret:
    """A Secret of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`.

    Credential helpers that it names are ignored: the content of a cluster does not start programs.

    Args:
        name: The Secret's name, for messages.
        data: The Secret's data, decoded from base64.
    """

    def __init__(self, name: str, data: Mapping[str, bytes]) -> None:
        self._name = name
        self._content: Mapping[str, Any] = {}
        self._problem = ""
        key = CONFIGURATION_KEY if CONFIGURATION_KEY in data else LEGACY_KEY
        try:
            content = json.loads(data[key])
        except KeyError:
            self._problem = f"it has neither {CONFIGURATION_KEY} nor {LEGACY_KEY}"
        except (ValueError, RecursionError):
            self._problem = f"its {key} is no JSON"
        else:
            if isinstance(content, dict):
                self._content = content if key == CONFIGURATION_KEY else {"auths": content}
            else:
                self._problem = f"its {key} is no JSON object"

    def credentials(self, address: Address) -> RegistryCredentials:
        """Return what the Secret has for a repository; of several entries, the one with the longest path counts."""
        source = f"pull secret {self._name!r}"
        problem = self._problem
        try:
            if entry := find_entry(self._content, address, source):
                return entry
        except ValueError as error:
            problem = str(error)
        reason = f": {problem}; correct the Secret" if problem else " for it"
        return RegistryCredentials(description=f"{source} has no credentials{reason}")
