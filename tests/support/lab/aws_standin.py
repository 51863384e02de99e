"""A stand-in for Amazon on a lab: Pulumi's plugins for it, the `aws` command, and committed stacks that use them."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from boutique.settings.durations import written
from tests.support.certificate_samples import Issued, issue
from tests.support.lab.gateway_clients import Site
from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import QUICKLY, Stack, committed_sections, project
from tests.support.lab.shop_environments import versions

HERE = Path(__file__).parent / "aws"
PLUGINS = {"aws": "7.51.1", "eks": "4.4.0"}
ENVIRONMENTS = ("dev", "test")
SMALL = ("replicas", "minReadySeconds", "preStopSeconds", "drainSeconds")


DOMAIN = committed_sections("nonprod")["platform"]["ingress"]["domain"]
VERSION = "1.35"
"""Of Kubernetes; there is a later one to go to."""

PulumiOutput = dict[str, str]
"""What commands said, by what they were for."""


@dataclass(frozen=True)
class Amazon:
    """The stand-in on one lab, and a project whose stacks use it.

    Attributes:
        lab: What the cluster is.
        folder: Of the project.
        env: The environment of a user with credentials of AWS.
        authority: Vouches for the certificate of the ingress.
    """

    lab: Lab
    folder: Path
    env: Mapping[str, str]
    authority: Issued

    @property
    def state(self) -> Path:
        return self.folder / "amazon"

    @property
    def resources(self) -> list[str]:
        """The kinds of everything that AWS would charge for now."""
        kinds = [json.loads(path.read_text())["type"] for path in self.state.glob("*.json")]
        return sorted(kind.rsplit(":", 1)[-1] for kind in kinds)

    def nonprod(self, **cluster: Any) -> Stack:
        """Return the committed stack, small enough for a lab, with charts and a certificate from files."""
        config = committed_sections("nonprod")
        lab = committed_sections("local")["platform"]
        platform = config["platform"]
        certificate = {"kind": "files", "chain": str(self.state / "tls.crt"), "key": str(self.state / "tls.key")}
        small = {key: lab["ingress"][key] for key in SMALL}
        charts = {"charts": {"kind": "folder", "path": str(HERE / "charts")}, "replicas": 1}
        targets = {name: {**target, "protect": False} for name, target in platform["targets"].items()}
        return self.stack("nonprod").configure(
            cluster={
                **config["cluster"],
                "region": config["aws:region"],
                # The user of these tests has none.
                "account": None,
                "protect": False,
                "loadBalancerController": charts,
                **cluster,
            },
            platform={
                **platform,
                "mesh": lab["mesh"],
                "ingress": {**platform["ingress"], **small, "certificate": certificate},
                "targets": targets,
            },
        )

    def environment(self, name: str) -> Stack:
        """Return a committed stack with an environment, one replica of each service."""
        config = committed_sections(name)
        section = {**config["environment"], "replicas": 1, "rollout": QUICKLY}
        return self.stack(name).configure(cluster=config["cluster"], environment=section)

    def feature(self) -> Stack:
        """Return the committed stack with a feature."""
        expires = written(datetime.now(UTC) + timedelta(hours=1))
        return self.stack("dev-new-ads").configure(
            feature={**committed_sections("dev-new-ads")["feature"], "expires": expires}
        )

    def versions(self, host: str) -> dict[str, set[str]]:
        """Return which versions of each service worked on a page; none if the host leads nowhere."""
        return versions(self.site(host))

    def stack(self, name: str) -> Stack:
        return Stack(name, self.folder, self.env)

    def site(self, host: str) -> Site:
        return Site(host, int(self.env["BOUTIQUE_LAB_HTTPS_PORT"]), self.authority.pem)


def amazon(lab: Lab, folder: Path) -> Amazon:
    """Put the plugins where Pulumi looks for them, and `aws` on PATH."""
    env = lab.env
    state = folder / "amazon"
    state.mkdir()
    for name, version in PLUGINS.items():
        path = Path(env["PULUMI_HOME"], f"plugins/resource-{name}-v{version}/pulumi-resource-{name}")
        script(path, HERE / f"resource_{name}.py")
    script(state / "bin/aws", HERE / "aws_command.py")
    project(folder, env)
    hosts = [host for target in ENVIRONMENTS for host in (f"{target}.{DOMAIN}", f"*.{target}.{DOMAIN}")]
    authority = issue("authority", now=datetime.now(UTC))
    served = issue("served", authority, hosts=hosts, now=datetime.now(UTC))
    (state / "tls.crt").write_text(served.pem + authority.pem)
    (state / "tls.key").write_text(served.key_pem())
    ours = {
        "PATH": f"{state / 'bin'}:{env['PATH']}",
        "STANDIN_AWS": str(state),
        "STANDIN_KUBECONFIG": env["KUBECONFIG"],
        # The cluster is found by the kubeconfig that the plugin hands back, and by no other.
        "KUBECONFIG": "/nowhere/kubeconfig",
    }
    return Amazon(lab, folder, {**env, **ours}, authority)


def script(path: Path, program: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
    path.chmod(0o755)


def measure_duration(what: str, action: Callable[[], str]) -> str:
    """Print how long an action takes, for readers of the log."""
    began = time.monotonic()
    result = action()
    print(f"{what}: {time.monotonic() - began:.1f} s")
    return result
