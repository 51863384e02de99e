"""Blue and green: which pods of a service get its requests, and which are kept for the way back.

What a stack deploys is a function of its configuration, and that says nothing of the release before. So the stack tells
itself: a secret output describes the pods that got the requests last and those that were kept.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from boutique.outputs import RecordedBlueGreen, RecordedWorkload
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


def with_revision(deployed: ResolvedWorkload) -> ResolvedWorkload:
    """Return a service with its revision: another one whenever its pods have to be others.

    Replicas are none of it: they can change while pods stay.
    """
    left_out = {"revision", "replicas", "rollout", "availability"}
    parts = record_workload(deployed).model_dump(by_alias=True, exclude_unset=True, mode="json", exclude=left_out)
    parts["secrets"] = digest_of_secrets(deployed.secrets, deployed.workload.name)
    parts["preStopSeconds"] = deployed.rollout.pre_stop_seconds
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return replace(deployed, revision=digest[:_LENGTH])


def record_workload(deployed: ResolvedWorkload) -> RecordedWorkload:
    """Return what `restore_workload` needs to know of a service; its secrets are in clear."""
    return RecordedWorkload(
        revision=deployed.revision or "",
        image=deployed.image,
        init_image=deployed.init_image,
        pull_secrets=deployed.pull_secrets,
        replicas=deployed.replicas,
        rollout=deployed.rollout,
        availability=deployed.availability,
        variables=dict(deployed.variables),
        files=dict(deployed.files),
        secrets=dict(deployed.secrets),
        requests=deployed.requests,
        limits=deployed.limits,
        # Only what differs from the default: pods that are there keep their revision.
        **({"pod_user": deployed.pod_user} if deployed.pod_user != "fixed" else {}),
    )


def restore_workload(current: ResolvedWorkload, recorded: RecordedWorkload) -> ResolvedWorkload:
    """Return a service as it was described, of the revision that it had."""
    return ResolvedWorkload(
        workload=current.workload,
        application=current.application,
        external=False,
        **{name: getattr(recorded, name) for name in RecordedWorkload.model_fields},
    )


@dataclass(frozen=True, kw_only=True)
class BlueGreen:
    """The pods of one service.

    Attributes:
        active: Those that get its requests, or will when they are ready.
        previous: Those that got them before, kept for the way back.
        until: When the previous ones may go; None for when the next release comes.
        is_new: Whether the active ones have yet to get their first request.
        is_back: Whether they are those that were kept: requests go back to pods that are there and have served before.
        is_first: Whether the environment is only being made, so that no requests are at stake.
    """

    active: ResolvedWorkload
    previous: ResolvedWorkload | None = None
    until: datetime | None = None
    is_new: bool = True
    is_back: bool = False
    is_first: bool = False

    @property
    def variants(self) -> tuple[ResolvedWorkload, ...]:
        """All of them, those that get requests first."""
        return (self.active, self.previous) if self.previous else (self.active,)

    @property
    def names(self) -> tuple[str, ...]:
        """The revisions of all of them."""
        return tuple(variant.revision or "" for variant in self.variants)

    @classmethod
    def of(
        cls,
        wanted: ResolvedWorkload,
        remembered: RecordedBlueGreen | None,
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
            deployed: The revisions that have a Deployment, if that is known: a release that failed has taken the place
                of the pods that were kept.
        """
        active = with_revision(wanted)
        before = restore_workload(active, remembered.active) if remembered else None
        kept = restore_workload(active, remembered.previous) if remembered and remembered.previous else None
        if kept and deployed is not None and kept.revision not in deployed:
            kept = None
        if before is None:
            return cls(active=active, is_first=is_first)
        if before.revision != active.revision:
            kept_for = wanted.rollout.scale_down_delay
            until = now + kept_for.length if kept_for else None
            is_back = kept is not None and kept.revision == active.revision
            return cls(active=active, previous=before, until=until, is_new=not is_back, is_back=is_back)
        until = remembered.until if remembered else None
        if until and until <= now:
            return cls(active=active, is_new=False)
        return cls(active=active, previous=kept, until=until if kept else None, is_new=False)

    def remember(self) -> RecordedBlueGreen:
        """Return what the next update has to know; secret."""
        previous = record_workload(self.previous) if self.previous else None
        return RecordedBlueGreen(active=record_workload(self.active), previous=previous, until=self.until)
