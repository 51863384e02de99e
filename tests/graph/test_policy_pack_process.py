"""The policy pack as Pulumi starts it, a process that is asked over gRPC, about every stack.

The command is the one of Pulumi's `pulumi-analyzer-policy-python` (sdk/python/dist of pulumi/pulumi).
"""

import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.rules import RULES
from tests.support.graph.graph_recorder import ROOT, Graph, Registered
from tests.support.graph.stack_recordings import Recorder

NO_ENGINE = "127.0.0.1:1"
"""It is told of what the pack prints, and nothing else."""

Found = list[tuple[str, str]]


class Pack:
    """A policy pack that runs."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def policies(self) -> dict[str, str]:
        """Return the level of each policy."""
        policies = self._stub.GetAnalyzerInfo(Empty()).policies
        return {policy.name: analyzer_pb2.EnforcementLevel.Name(policy.enforcementLevel) for policy in policies}

    def broken(self, resources: list[Registered]) -> Found:
        """Return which policies are broken by what."""
        findings: Found = []
        for resource in resources:
            request = analyzer_pb2.AnalyzeRequest(**about(resource))
            findings += [
                (diagnostic.policyName, resource.name) for diagnostic in self._stub.Analyze(request).diagnostics
            ]
        stack = [analyzer_pb2.AnalyzerResource(**about(resource)) for resource in resources]
        diagnostics = self._stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=stack)).diagnostics
        return findings + [(diagnostic.policyName, diagnostic.urn.rpartition("::")[2]) for diagnostic in diagnostics]


def about(resource: Registered) -> dict[str, Any]:
    """Return what the engine tells of a resource."""
    given = {"type": resource.type, "urn": resource.urn, "name": resource.name, "properties": resource.request.object}
    if not resource.request.custom:
        return given
    parts = resource.request.provider.split("::")
    provider = analyzer_pb2.AnalyzerProviderResource(
        type="pulumi:providers:kubernetes", urn=resource.request.provider, name=parts[-2] if len(parts) > 1 else ""
    )
    return {**given, "provider": provider}


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", NO_ENGINE, "."]
    with subprocess.Popen(command, cwd=ROOT / "policy", stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().strip()
            assert port.isdigit(), "the pack does not start"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Pack(analyzer_pb2_grpc.AnalyzerStub(channel))
        finally:
            process.terminate()


def test_it_has_the_rules_with_their_levels(pack: Pack) -> None:
    assert pack.policies() == {rule.name: rule.level.value.upper() for rule in RULES if not rule.marked}


def test_every_stack_passes(pack: Pack, graph: Graph) -> None:
    assert len(graph.resources) > 1
    assert pack.broken(graph.resources) == []


def test_what_breaks_a_rule_is_told(pack: Pack, recording_of: Recorder) -> None:
    resources = deepcopy(recording_of("local").resources)
    [wrong] = [
        resource
        for resource in resources
        if (resource.name, resource.type) == ("adservice", "kubernetes:apps/v1:Deployment")
    ]
    spec = wrong.request.object["spec"]
    spec["replicas"] = 1
    spec["template"]["spec"]["containers"][0]["image"] = "example.org/adservice:latest"
    assert pack.broken(resources) == [("image-version", "adservice")]
