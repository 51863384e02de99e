"""What a smoke test asks, on the loopback: a shop by HTTPS, an API server, and a `pulumi` with outputs to tell."""

import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from boutique.kubernetes import kubeconfig
from boutique.outputs import SCHEMA_VERSION, VERSION
from tests.support import online_boutique
from tests.support.certificate_samples import Issued
from tests.support.http_servers import serve_in_background

TOKEN = "canary-of-the-deployers-token"  # noqa: S105 - a canary
NAMESPACE = "shop"
PULUMI = """#!{python}
import os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "commands", "a") as commands:
    print(*sys.argv[1:], file=commands)
file = here / (sys.argv[sys.argv.index("--stack") + 1].replace("/", "_") + ".json")
if not file.exists():
    sys.exit("warning: something else\\nerror: no stack named 'nope' found\\n")
print(file.read_text())
"""


class Fake(Protocol):
    """Answers requests."""

    def answer(self, request: str, headers: Any, body: str, /) -> tuple[int, dict[str, str], str]: ...


@dataclass
class Shop:
    """A shop that answers like the real images, or, with `version`, like stand-ins that list their hops.

    Attributes:
        statuses: Of the answers that are not good, by request such as `GET /cart`.
        version: Of every service.
        dead: Services whose calls fail, in the hops.
        seen: Every request with its host, its cookie and its body.
    """

    statuses: dict[str, int] = field(default_factory=dict)
    version: str = ""
    dead: tuple[str, ...] = ()
    seen: list[tuple[str, str, str, str]] = field(default_factory=list)

    def answer(self, request: str, headers: Any, body: str) -> tuple[int, dict[str, str], str]:
        self.seen.append((request, headers["host"], headers.get("cookie", ""), body))
        good = 302 if request in ("POST /cart", "POST /cart/empty") else 200
        status = self.statuses.get(request, good)
        sent = {} if headers.get("cookie") else {"set-cookie": "shop_session-id=someone"}
        if status == 302:
            return status, {**sent, "location": "/cart"}, ""
        if not self.version:
            return status, {**sent, "content-type": "text/html"}, "<p>A page.</p>"
        hops = [
            {
                "caller": "frontend",
                "workload": workload.name,
                "version": None if workload.name in self.dead else self.version,
                "pod": None if workload.name in self.dead else f"{workload.name}-0",
                "call": "a call",
                "status": "UNAVAILABLE" if workload.name in self.dead else "OK",
            }
            for workload in online_boutique.WORKLOADS
            if workload.service_ports
        ]
        content = {"hops": hops, "error": None if status == 200 else "it broke"}
        return status, {**sent, "content-type": "application/json"}, json.dumps(content)


@dataclass
class Cluster:
    """An API server that lists Deployments and pods.

    Attributes:
        scaled: How many replicas Deployments ask for, if not one.
        ready: How many of those are ready, if not all.
        images: What runs, if not what the stack wants.
        missing: Deployments that are not there.
        status: Of every answer.
        reason: Why pods that are not ready are not.
        standins: Workloads whose pods run stand-ins of the lab.
    """

    scaled: dict[str, int] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    status: int = 200
    reason: str = "ImagePullBackOff"
    standins: tuple[str, ...] = ()

    def answer(self, request: str, headers: Any, _: str) -> tuple[int, dict[str, str], str]:
        assert headers["authorization"] == f"Bearer {TOKEN}"
        wanted = [workload for workload in online_boutique.WORKLOADS if workload.name not in self.missing]
        items = [
            item
            for workload in wanted
            for item in self._items(workload.name, request.partition("?")[0], str(workload.image))
        ]
        kinds = {"deployments": "DeploymentList", "pods": "PodList"}
        kind = kinds[request.partition("?")[0].rpartition("/")[2]]
        return self.status, {"content-type": "application/json"}, json.dumps({"kind": kind, "items": items})

    def _items(self, name: str, path: str, image: str) -> Iterator[dict[str, Any]]:
        scaled, containers = self.scaled.get(name, 1), [{"name": "server", "image": image}]
        if path.endswith("deployments"):
            spec = {"replicas": scaled, "selector": {}, "template": {"spec": {"containers": containers}}}
            yield {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec, "status": {}}
            return
        running = [{"name": "server", "image": self.images.get(name, image)}, {"name": "proxy", "image": "proxy:1"}]
        image_id = f"stand-in://{image}" if name in self.standins else f"{image.partition(':')[0]}@sha256:abc"
        for number in range(scaled):
            good = number < self.ready.get(name, scaled)
            state = {"running": {}} if good else {"waiting": {"reason": self.reason}}
            yield {
                "metadata": {"name": f"{name}-{number}", "labels": {"app": name}},
                "spec": {"containers": running},
                "status": {
                    "conditions": [{"type": "Ready", "status": str(good)}],
                    "containerStatuses": [
                        {"name": "proxy", "imageID": "stand-in://proxy:1", "state": {"running": {}}},
                        {"name": "server", "imageID": image_id, "ready": good, "restartCount": 0, "state": state},
                    ],
                },
            }


@contextmanager
def serving(fake: Fake, certificate: Issued | None = None, folder: Path | None = None) -> Iterator[int]:
    """Yield the port at which a fake answers, by HTTPS if it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            status, headers, text = fake.answer(f"{self.command} {self.path}", self.headers, body)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_HEAD = do_POST = handle_one  # noqa: N815 - names that the library looks for

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_: object) -> None:
            """Keep quiet: a client that refuses the certificate is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate and folder:
            (folder / "served.pem").write_text(certificate.pem + certificate.key_pem())
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "served.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        with serve_in_background(server) as port:
            yield port


def deployer(port: int) -> str:
    """Return a deployer's kubeconfig for an API server."""
    server = f"http://127.0.0.1:{port}"
    entry = kubeconfig.ApiServer(server=server, entry={"server": server})
    return kubeconfig.for_token(entry, namespace=NAMESPACE, user="deployer", token=TOKEN)


def outputs(url: str, kubeconfig: str) -> dict[str, Any]:
    """Return what a stack says that holds platform and environment."""
    services = {
        workload.name: {
            "image": str(workload.image),
            "deployment": workload.name,
            "version": workload.image.version,
            "replicas": 1,
            "ready": 1,
        }
        for workload in online_boutique.WORKLOADS
    }
    return {
        VERSION: SCHEMA_VERSION,
        "namespace": NAMESPACE,
        "url": url,
        "routes": {},
        "application": "online-boutique",
        "services": services,
        "target": {"stack": "organization/boutique/some", "name": "shop"},
        "targets": {
            "shop": {"namespace": NAMESPACE, "kubeconfig": kubeconfig, "meshed": True, "application": "online-boutique"}
        },
    }


def pulumi(folder: Path, stacks: dict[str, dict[str, Any]]) -> None:
    """Put a `pulumi` into a folder that tells the outputs of stacks, and notes the commands it was given."""
    (folder / "commands").touch()
    for name, state in stacks.items():
        (folder / f"{name.replace('/', '_')}.json").write_text(json.dumps(state))
    program = folder / "pulumi"
    program.write_text(PULUMI.format(python=sys.executable))
    program.chmod(0o755)
