"""Blue and green: which pods of a service get its requests, and which are kept for the way back.

What a stack deploys is a function of its configuration, and that says nothing of the release before. So the stack tells
itself: a secret output describes the pods that got the requests last and those that were kept.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from boutique.application.workload import Resources, Workload
from boutique.names.image_reference import Reference
from boutique.settings.durations import duration, moment, written
from boutique.settings.rollout import Rollout
from boutique.settings.stack import Availability
from boutique.workloads.resolved_workload import ResolvedWorkload

_LENGTH = 8
_SCRYPT = {"n": 2**12, "r": 8, "p": 1}
"""RFC 7914. A digest of a secret is a public name: guessing by it should cost something."""


def digest_of_files(files: Mapping[str, str]) -> str:
    """Return what tells these files from others."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:_LENGTH]


def digest_of_secrets(secrets: Mapping[str, str], salt: str) -> str:
    """Return what tells these secrets from others; empty where there are none."""
    if not secrets:
        return ""
    content = json.dumps(secrets, sort_keys=True).encode()
    return hashlib.scrypt(content, salt=salt.encode(), dklen=_LENGTH // 2, **_SCRYPT).hex()


def coloured(deployed: ResolvedWorkload) -> ResolvedWorkload:
    """Return a service with its colour: another one whenever its pods have to be others.

    Replicas are none of it: they can change while pods stay.
    """
    parts = {**described(deployed), "secrets": digest_of_secrets(deployed.secrets, deployed.workload.name)}
    for name in ("replicas", "rollout", "availability"):
        parts.pop(name)
    parts["preStopSeconds"] = deployed.rollout.pre_stop_seconds
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return replace(deployed, colour=digest[:_LENGTH])


def described(deployed: ResolvedWorkload) -> dict[str, Any]:
    """Return what `restored` needs to know of a service; its secrets are in clear."""
    return {
        "image": str(deployed.image),
        "initImage": deployed.init_image,
        "pullSecrets": list(deployed.pull_secrets),
        "replicas": deployed.replicas,
        "rollout": deployed.rollout.model_dump(by_alias=True, exclude_unset=True, mode="json"),
        "availability": deployed.availability.model_dump(by_alias=True, exclude_unset=True, mode="json"),
        "variables": dict(deployed.variables),
        "files": dict(deployed.files),
        "secrets": dict(deployed.secrets),
        "requests": {"cpu": deployed.requests.cpu, "memory": deployed.requests.memory},
        "limits": {"cpu": deployed.limits.cpu, "memory": deployed.limits.memory},
        # Only what differs from the default: pods that are there keep their colour.
        **({"podUser": deployed.pod_user} if deployed.pod_user != "fixed" else {}),
    }


def restored(workload: Workload, recorded: Mapping[str, Any], colour: str) -> ResolvedWorkload:
    """Return a service as it was described, of the colour that it had.

    Raises:
        ValueError, LookupError, TypeError: Another version of this program has described it.
    """
    return ResolvedWorkload(
        workload=workload,
        colour=colour,
        image=Reference.parse(recorded["image"]),
        init_image=recorded.get("initImage"),
        pull_secrets=tuple(recorded["pullSecrets"]),
        replicas=int(recorded["replicas"]),
        rollout=Rollout.model_validate(recorded["rollout"]),
        availability=Availability.model_validate(recorded["availability"]),
        external=False,
        variables=recorded["variables"],
        files=recorded["files"],
        secrets=recorded["secrets"],
        requests=Resources(**recorded["requests"]),
        limits=Resources(**recorded["limits"]),
        pod_user=recorded.get("podUser", "fixed"),
    )


@dataclass(frozen=True, kw_only=True)
class BlueGreen:
    """The pods of one service.

    Attributes:
        live: Those that get its requests, or will when they are ready.
        warm: Those that got them before, kept for the way back.
        until: When the warm ones may go; None for when the next release comes.
        is_new: Whether the live ones have yet to get their first request.
        is_back: Whether they are those that were kept: requests go back to pods that are there and have served before.
        is_first: Whether the environment is only being made, so that no requests are at stake.
    """

    live: ResolvedWorkload
    warm: ResolvedWorkload | None = None
    until: datetime | None = None
    is_new: bool = True
    is_back: bool = False
    is_first: bool = False

    @property
    def variants(self) -> tuple[ResolvedWorkload, ...]:
        """All of them, those that get requests first."""
        return (self.live, self.warm) if self.warm else (self.live,)

    @property
    def names(self) -> tuple[str, ...]:
        """The colours of all of them."""
        return tuple(variant.colour or "" for variant in self.variants)

    @classmethod
    def of(
        cls,
        wanted: ResolvedWorkload,
        remembered: Mapping[str, Any] | None,
        now: datetime,
        *,
        is_first: bool = False,
        deployed: Collection[str] | None = None,
    ) -> Self:
        """Return the pods of a service.

        Args:
            wanted: The service as it shall be.
            remembered: What `remember` returned after the last update that came to its end.
            now: The time.
            is_first: Whether the environment is only being made.
            deployed: The colours that have a Deployment, if that is known: a release that failed has taken the place
                of the pods that were kept.
        """
        live = coloured(wanted)
        before, kept = (_part(live.workload, remembered, name) for name in ("live", "warm"))
        if kept and deployed is not None and kept.colour not in deployed:
            kept = None
        if before is None:
            return cls(live=live, is_first=is_first)
        if before.colour != live.colour:
            length = wanted.rollout.warm_for
            until = now + duration(length) if length else None
            is_back = kept is not None and kept.colour == live.colour
            return cls(live=live, warm=before, until=until, is_new=not is_back, is_back=is_back)
        until = moment(remembered["until"]) if remembered and remembered.get("until") else None
        if until and until <= now:
            return cls(live=live, is_new=False)
        return cls(live=live, warm=kept, until=until if kept else None, is_new=False)

    def remember(self) -> dict[str, Any]:
        """Return what the next update has to know; secret."""
        return {
            "live": _recorded(self.live),
            "warm": _recorded(self.warm) if self.warm else None,
            "until": written(self.until) if self.until else None,
        }


def _recorded(service: ResolvedWorkload) -> dict[str, Any]:
    return {"colour": service.colour, **described(service)}


def _part(workload: Workload, remembered: Mapping[str, Any] | None, name: str) -> ResolvedWorkload | None:
    record = (remembered or {}).get(name)
    try:
        return restored(workload, record, record["colour"]) if record else None
    except (ValueError, LookupError, TypeError, AttributeError):
        # The record of an older program is not used: going back is a new rollout then.
        return None
