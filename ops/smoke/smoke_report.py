"""The result of a smoke test, of an environment or of a feature."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.smoke import visitor_view
from ops.smoke.reached_services import Proof, Reached
from ops.smoke.visitor_checks import Outside


@dataclass(frozen=True, kw_only=True)
class ServiceReport:
    """The result for one service.

    Attributes:
        name: The name of the service.
        version: The version that should run.
        replicas: How many replicas there should be.
        ready: How many replicas are ready; None if the cluster did not answer.
        running: The versions that its pods run.
        standins: How many of its ready pods run a stand-in of the lab in place of an image.
        reached: The evidence that a request reached it.
        calls: Of a feature: how many calls were answered, were answered by its build, and had no answer.
        errors: One line per error.
    """

    name: str
    version: str
    replicas: int
    ready: int | None
    running: tuple[str, ...]
    standins: int = 0
    reached: Reached
    calls: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the same as a JSON document."""
        return {
            "ok": not self.errors,
            "replicas": self.replicas,
            "ready": self.ready,
            "version": self.version,
            "running": list(self.running),
            "standIns": self.standins,
            "reached": {
                "proof": self.reached.proof,
                **self.calls,
                "versions": list(self.reached.versions),
                "pods": list(self.reached.pods),
                "said": self.reached.description,
            },
            "mistakes": list(self.errors),
        }


@dataclass(frozen=True, kw_only=True)
class SmokeReport:
    """The result of a smoke test.

    Attributes:
        subject: What was tested, in words.
        identity: The same as keys of the JSON document.
        is_feature: Whether that is a feature; its report counts the services with unknown calls.
        outside: The result of a visit.
        services: The result for each service.
        errors: One line per error, with the remedy.
        warnings: One line per error to come, and per check that was not possible.
    """

    subject: str
    identity: Mapping[str, object]
    is_feature: bool = False
    outside: Outside
    services: tuple[ServiceReport, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def standins(self) -> int:
        """The number of services that run stand-ins of the lab; 0 on any other cluster."""
        return sum(service.standins > 0 for service in self.services)

    @property
    def unknown(self) -> int:
        """The number of services whose calls may or may not reach the feature; 0 for an environment."""
        return sum(self.is_feature and service.reached.proof is Proof.UNKNOWN for service in self.services)

    def to_dict(self, seconds: float) -> dict[str, object]:
        """Return the same as a JSON document, with the duration of the test."""
        return {
            **self.identity,
            "ok": not self.errors,
            **({"unknown": self.unknown} if self.is_feature else {}),
            "services": {service.name: service.to_dict() for service in self.services},
            **visitor_view.document(self.outside),
            "mistakes": list(self.errors),
            "warnings": list(self.warnings),
            "seconds": round(seconds, 1),
        }
