"""What `boutique smoke --feature` shows."""

import json

from ops.features.feature_smoke_test import FeatureServiceResult, FeatureSmokeResult
from ops.smoke import visitor_view
from ops.smoke.smoke_report import report, row


def show(found: FeatureSmokeResult, seconds: float, *, as_json: bool) -> None:
    """Print the result, for a reader or for a program."""
    if as_json:
        print(json.dumps(_json(found, seconds), indent=2))
        return
    which = found.feature.identity
    report(
        f"--feature {which.name} of {which.environment}",
        [
            row(each.name, each.versions, each.wanted.version, each.ready, each.wanted.replicas, each.arrival.reached)
            for each in found.services
        ],
        visitor_view.lines(found.outside),
        found.warnings,
        found.mistakes,
        seconds,
        open_questions=found.unknown,
    )


def _json(found: FeatureSmokeResult, seconds: float) -> dict[str, object]:
    which = found.feature.identity
    return {
        "feature": which.name,
        "key": which.key,
        "environment": which.environment,
        "stack": found.feature.stack,
        "namespace": found.feature.namespace.name,
        "link": found.feature.url,
        "ok": not found.mistakes,
        "unknown": found.unknown,
        "services": {service.name: _service(service) for service in found.services},
        **visitor_view.document(found.outside),
        "mistakes": list(found.mistakes),
        "warnings": list(found.warnings),
        "seconds": round(seconds, 1),
    }


def _service(service: FeatureServiceResult) -> dict[str, object]:
    arrival = service.arrival
    return {
        "ok": not service.mistakes,
        "replicas": service.wanted.replicas,
        "ready": service.ready,
        "version": service.wanted.version,
        "running": list(service.versions),
        "reached": {
            "proof": arrival.reached.proof,
            "calls": arrival.calls,
            "right": arrival.right,
            "failed": arrival.failed,
            "versions": list(arrival.reached.versions),
            "pods": list(arrival.reached.pods),
            "said": arrival.reached.said,
        },
        "mistakes": list(service.mistakes),
    }
