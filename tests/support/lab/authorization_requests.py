"""Thousands of authorization questions to an API server, over one connection."""

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.lab.lab_commands import Lab

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Questions:
    """What the administrator may ask about everybody's rights."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        self._connection = connection

    def resources(self) -> set[tuple[str, str]]:
        """Return every resource and subresource with its API group."""
        resources = set()
        for path in ("/api", "/apis"):
            for group in self._ask("GET", path)["items"]:
                for version in group["versions"]:
                    for resource in version["resources"]:
                        names = [resource["resource"]]
                        names += [f"{names[0]}/{sub['subresource']}" for sub in resource.get("subresources", [])]
                        resources |= {(group["metadata"].get("name", ""), name) for name in names}
        return resources

    def names(self, path: str) -> set[str]:
        """Return what the objects of a list are called."""
        return {item["metadata"]["name"] for item in self._ask("GET", path)["items"]}

    def is_allowed(self, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Ask about a ServiceAccount with the groups that its token brings along; no namespace is the whole cluster."""
        home = user.split(":")[2]
        name, _, subresource = resource.partition("/")
        spec = {
            "user": user,
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{home}", "system:authenticated"],
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": name,
                "subresource": subresource,
                "namespace": namespace,
            },
        }
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = self._ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]
        assert not answer.get("evaluationError"), answer
        return bool(answer["allowed"])

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            response = self._send(method, path, body)
        except http.client.RemoteDisconnected:
            # The server closes an idle connection; a review may be sent again.
            response = self._send(method, path, body)
        content = response.read()
        assert response.status in (200, 201), f"{method} {path}: {response.status}"
        answer: dict[str, Any] = json.loads(content)
        return answer

    def _send(self, method: str, path: str, body: Any) -> http.client.HTTPResponse:
        headers = {"Accept": f"{DISCOVERY},application/json", "Content-Type": "application/json"}
        self._connection.request(method, path, json.dumps(body) if body else None, headers)
        return self._connection.getresponse()


@contextmanager
def questions(lab: Lab, folder: Path) -> Iterator[Questions]:
    """Connect to a lab's API server as its administrator."""
    config = json.loads(lab.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    [cluster], [user] = ([entry[kind] for entry in config[f"{kind}s"]] for kind in ("cluster", "user"))
    context = ssl.create_default_context(cadata=_text(cluster, "certificate-authority", folder))
    for key in ("client-certificate", "client-key"):
        (folder / key).write_text(_text(user, key, folder))
    context.load_cert_chain(folder / "client-certificate", folder / "client-key")
    server = urlsplit(cluster["server"])
    connection = http.client.HTTPSConnection(server.hostname or "", server.port, context=context, timeout=30)
    try:
        yield Questions(connection)
    finally:
        connection.close()


def _text(entry: dict[str, str], key: str, folder: Path) -> str:
    """Return what a kubeconfig holds as data or as a path."""
    data = entry.get(f"{key}-data")
    return base64.b64decode(data).decode() if data else (folder / entry[key]).read_text()
