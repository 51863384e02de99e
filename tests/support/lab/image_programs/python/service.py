"""A service of the tests' application: gRPC with OpenTelemetry's own instrumentation."""

import os
from concurrent.futures import ThreadPoolExecutor

import grpc
import hops
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import ListValue, Struct
from opentelemetry.instrumentation.grpc import GrpcInstrumentorServer


def answer(request: Struct, context: grpc.ServicerContext) -> ListValue:
    """Answer a visit."""
    received = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
    return ParseDict(hops.visit(request["session"], received), ListValue())


def main() -> None:
    """Serve until the container shall end."""
    GrpcInstrumentorServer().instrument()
    server = grpc.server(ThreadPoolExecutor(16))
    handler = grpc.unary_unary_rpc_method_handler(answer, Struct.FromString, ListValue.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tests.Service", {"Visit": handler}),))
    server.add_insecure_port(f"0.0.0.0:{os.environ['PORT']}")
    server.start()
    hops.wait_for_end()
    server.stop(5).wait()


main()
