"""What `boutique smoke` shows of an environment."""

import json
import sys

from ops.smoke import visitor_view
from ops.smoke.link import resolving_hint
from ops.smoke.smoke_report import report, row
from ops.smoke.smoke_test import ServiceResult, SmokeResult


def show(found: SmokeResult, seconds: float, *, as_json: bool) -> None:
    """Print the result, for a reader or for a program."""
    if as_json:
        print(json.dumps(document(found, seconds), indent=2))
        return
    report(
        found.stack.name,
        [
            row(each.name, each.versions, each.wanted.version, each.ready, each.wanted.replicas, each.reached)
            for each in found.services
        ],
        visitor_view.lines(found.outside),
        found.warnings,
        found.mistakes,
        seconds,
    )
    if found.outside.link and (hint := resolving_hint(found.outside.link.host)):
        print(hint, file=sys.stderr)


def document(found: SmokeResult, seconds: float) -> dict[str, object]:
    """Return the result for a program."""
    return {
        "stack": found.stack.name,
        "namespace": found.stack.namespace,
        "link": str(found.outside.link) if found.outside.link else None,
        "ok": not found.mistakes,
        "services": {service.name: _service(service) for service in found.services},
        **visitor_view.document(found.outside),
        "mistakes": list(found.mistakes),
        "warnings": list(found.warnings),
        "seconds": round(seconds, 1),
    }


def _service(service: ServiceResult) -> dict[str, object]:
    return {
        "ok": not service.mistakes,
        "replicas": service.wanted.replicas,
        "ready": service.ready,
        "version": service.wanted.version,
        "running": list(service.versions),
        "reached": {
            "proof": service.reached.proof,
            "versions": list(service.reached.versions),
            "pods": list(service.reached.pods),
            "said": service.reached.said,
        },
        "mistakes": list(service.mistakes),
    }
