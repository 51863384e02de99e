"""A stand-in for Pulumi's provider for AWS: takes every resource, makes nothing, and hands back what AWS would.

The cluster that it hands back is the lab: `STANDIN_KUBECONFIG` names its kubeconfig. AWS' refusal to delete what
others still use is kept for what matters: a cluster with nodes, a VPC with anything in it. What is there is remembered
in the folder `STANDIN_AWS`, one file each.
"""

import json
import os
import re
import sys
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import yaml
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

VERSION = "7.51.1"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
FOLDER = Path(os.environ["STANDIN_AWS"])
CLUSTER = "aws:eks/cluster:Cluster"
USED_BY = {
    CLUSTER: ("aws:eks/nodeGroup:NodeGroup", "aws:eks/podIdentityAssociation:PodIdentityAssociation"),
    "aws:ec2/vpc:Vpc": (CLUSTER, "aws:ec2/subnet:Subnet", "aws:ec2/natGateway:NatGateway"),
    "aws:iam/role:Role": ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy"),
}
"""What AWS refuses to delete as long as there is one of the others that names it."""

_LOCK = threading.Lock()
"""Held while anything is made or deleted: the engine asks for many at once."""


class Aws(provider_pb2_grpc.ResourceProviderServicer):
    """The provider, as the engine calls it."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the name of the RPC
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        old, new = _plain(request.old_inputs), _plain(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        kind, name = _type_and_name(request.urn)
        inputs = _plain(request.properties)
        given = _computed_outputs(kind, name, inputs)
        with _LOCK:
            _file(given["id"]).write_text(json.dumps({"type": kind, "inputs": inputs}))
        return provider_pb2.CreateResponse(id=given["id"], properties=_struct({**given, **inputs}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        outputs = {**_plain(request.olds), **_plain(request.news)}
        if request.preview and _type_and_name(request.urn)[0] == CLUSTER:
            # What AWS says of a changed cluster is not known before it says so.
            outputs = {**outputs, "endpoint": UNKNOWN, "certificateAuthority": UNKNOWN}
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind, _ = _type_and_name(request.urn)
        named = {request.id, str(_plain(request.properties).get("name"))}
        with _LOCK:
            for path in FOLDER.glob("*.json"):
                other = json.loads(path.read_text())
                if other["type"] in USED_BY.get(kind, ()) and named & set(_texts(other["inputs"])):
                    violation = f"DependencyViolation: {path.stem} uses {request.id}"
                    context.abort(grpc.StatusCode.FAILED_PRECONDITION, violation)
            _file(request.id).unlink()
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return empty_pb2.Empty()


def _computed_outputs(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what AWS would say of a new resource beside what was asked for."""
    short = kind.rsplit(":", 1)[-1].lower()
    called = str(inputs.get("name") or f"{name}-0a1b2c3")
    outputs = {"id": f"{short}-{name}", "name": called, "arn": f"arn:aws:{short}:eu-central-1:123456789012:{called}"}
    if kind == "aws:ec2/launchTemplate:LaunchTemplate":
        return {**outputs, "latestVersion": 1}
    if kind == CLUSTER:
        [entry] = yaml.safe_load(Path(os.environ["STANDIN_KUBECONFIG"]).read_text())["clusters"]
        cluster = entry["cluster"]
        data = {"data": cluster["certificate-authority-data"]}
        return {**outputs, "endpoint": cluster["server"], "certificateAuthority": data}
    return outputs


def _type_and_name(urn: str) -> tuple[str, str]:
    types, name = urn.split("::", 3)[2:]
    return types.rsplit("$", 1)[-1], name


def _file(identity: str) -> Path:
    return FOLDER / f"{re.sub('[^a-z0-9.-]', '_', identity)}.json"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]


def _plain(properties: Any) -> dict[str, Any]:
    content: dict[str, Any] = json_format.MessageToDict(properties)
    return {key: value for key, value in content.items() if not key.startswith("__")}


def _struct(properties: dict[str, Any]) -> Any:
    return json_format.ParseDict(properties, struct_pb2.Struct())


def serve() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Aws(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


serve()
