"""The output of `boutique smoke` for an environment."""

import json
import sys

from ops.smoke import visitor_view
from ops.smoke.link import resolving_hint
from ops.smoke.smoke_report import report, row
from ops.smoke.smoke_test import ServiceResult, SmokeResult


def show(result: SmokeResult, seconds: float, *, as_json: bool) -> None:
    """Print the result, as text or as JSON."""
    if as_json:
        print(json.dumps(document(result, seconds), indent=2))
        return
    report(
        result.stack.name,
        [
            row(
                service.name,
                service.versions,
                service.expected.version,
                service.ready,
                service.expected.replicas,
                service.reached,
            )
            for service in result.services
        ],
        visitor_view.lines(result.outside),
        result.warnings,
        result.errors,
        seconds,
    )
    if result.outside.link and (hint := resolving_hint(result.outside.link.host)):
        print(hint, file=sys.stderr)


def document(result: SmokeResult, seconds: float) -> dict[str, object]:
    """Return the result as a JSON document."""
    return {
        "stack": result.stack.name,
        "namespace": result.stack.namespace,
        "link": str(result.outside.link) if result.outside.link else None,
        "ok": not result.errors,
        "services": {service.name: _service(service) for service in result.services},
        **visitor_view.document(result.outside),
        "mistakes": list(result.errors),
        "warnings": list(result.warnings),
        "seconds": round(seconds, 1),
    }


def _service(service: ServiceResult) -> dict[str, object]:
    return {
        "ok": not service.errors,
        "replicas": service.expected.replicas,
        "ready": service.ready,
        "version": service.expected.version,
        "running": list(service.versions),
        "reached": {
            "proof": service.reached.proof,
            "versions": list(service.reached.versions),
            "pods": list(service.reached.pods),
            "said": service.reached.description,
        },
        "mistakes": list(service.errors),
    }
