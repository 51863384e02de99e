"""The output of `boutique smoke --feature`."""

import json

from ops.features.feature_smoke_test import FeatureServiceResult, FeatureSmokeResult
from ops.smoke import visitor_view
from ops.smoke.smoke_report import report, row


def show(result: FeatureSmokeResult, seconds: float, *, as_json: bool) -> None:
    """Print the result, as text or as JSON."""
    if as_json:
        print(json.dumps(_json(result, seconds), indent=2))
        return
    identity = result.feature.identity
    report(
        f"--feature {identity.name} of {identity.environment}",
        [
            row(
                service.name,
                service.versions,
                service.expected.version,
                service.ready,
                service.expected.replicas,
                service.arrival.reached,
            )
            for service in result.services
        ],
        visitor_view.lines(result.outside),
        result.warnings,
        result.errors,
        seconds,
        open_questions=result.unknown,
    )


def _json(result: FeatureSmokeResult, seconds: float) -> dict[str, object]:
    identity = result.feature.identity
    return {
        "feature": identity.name,
        "key": identity.key,
        "environment": identity.environment,
        "stack": result.feature.stack,
        "namespace": result.feature.namespace.name,
        "link": result.feature.url,
        "ok": not result.errors,
        "unknown": result.unknown,
        "services": {service.name: _service(service) for service in result.services},
        **visitor_view.document(result.outside),
        "mistakes": list(result.errors),
        "warnings": list(result.warnings),
        "seconds": round(seconds, 1),
    }


def _service(service: FeatureServiceResult) -> dict[str, object]:
    arrival = service.arrival
    return {
        "ok": not service.errors,
        "replicas": service.expected.replicas,
        "ready": service.ready,
        "version": service.expected.version,
        "running": list(service.versions),
        "reached": {
            "proof": arrival.reached.proof,
            "calls": arrival.calls,
            "right": arrival.right,
            "failed": arrival.failed,
            "versions": list(arrival.reached.versions),
            "pods": list(arrival.reached.pods),
            "said": arrival.reached.description,
        },
        "mistakes": list(service.errors),
    }
