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
        found = self._stub.GetAnalyzerInfo(Empty()).policies
        return {each.name: analyzer_pb2.EnforcementLevel.Name(each.enforcementLevel) for each in found}

    def broken(self, resources: list[Registered]) -> Found:
        """Return which policies are broken by what."""
        found: Found = []
        for each in resources:
            asked = analyzer_pb2.AnalyzeRequest(**about(each))
            found += [(one.policyName, each.name) for one in self._stub.Analyze(asked).diagnostics]
        stack = [analyzer_pb2.AnalyzerResource(**about(each)) for each in resources]
        told = self._stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=stack)).diagnostics
        return found + [(one.policyName, one.urn.rpartition("::")[2]) for one in told]


def about(each: Registered) -> dict[str, Any]:
    """Return what the engine tells of a resource."""
    given = {"type": each.type, "urn": each.urn, "name": each.name, "properties": each.request.object}
    if not each.request.custom:
        return given
    parts = each.request.provider.split("::")
    provider = analyzer_pb2.AnalyzerProviderResource(
        type="pulumi:providers:kubernetes", urn=each.request.provider, name=parts[-2] if len(parts) > 1 else ""
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
    assert pack.policies() == {each.name: each.level.value.upper() for each in RULES if not each.marked}


def test_every_stack_passes(pack: Pack, graph: Graph) -> None:
    assert len(graph.resources) > 1
    assert pack.broken(graph.resources) == []


def test_what_breaks_a_rule_is_told(pack: Pack, recorded: Recorder) -> None:
    resources = deepcopy(recorded("local").resources)
    [wrong] = [each for each in resources if (each.name, each.type) == ("adservice", "kubernetes:apps/v1:Deployment")]
    spec = wrong.request.object["spec"]
    spec["replicas"] = 1
    spec["template"]["spec"]["containers"][0]["image"] = "example.org/adservice:latest"
    assert pack.broken(resources) == [("image-version", "adservice")]
