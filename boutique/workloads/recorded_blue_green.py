"""The blue/green Deployments that a stack's state records, and which logical name the next one gets.

An update deletes what it leaves out only at its end. Were each new Deployment a resource of its own, the new pods, the
active ones, those kept before, and those of every release that failed would be there at once. So a new one takes the
logical name of one that the update leaves out: Pulumi then deletes that first (`delete_before_replace`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from boutique.names import labels

_SUFFIXES = ("blue", "green")
_DEPLOYMENT, _SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"


@dataclass(frozen=True, kw_only=True)
class RecordedRevisions:
    """The blue/green Deployments of one service.

    Attributes:
        names: The logical name of each, by its revision.
        selected: The revisions that the service's own Service selects: in the state, and in the cluster, which differ
            when an update was killed.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    selected: frozenset[str] = frozenset()

    def logical_names(self, service: str, revisions: Sequence[str]) -> dict[str, str]:
        """Return the logical name of each Deployment that an update deploys, by its revision.

        Those that are there keep theirs. No new one takes the name of one that serves.
        """
        left_out = [
            name for revision, name in self.names.items() if revision not in revisions and revision not in self.selected
        ]
        taken = set(self.names.values())
        fresh = (
            name
            for suffix in chain(_SUFFIXES, map(str, count(len(_SUFFIXES) + 1)))
            if (name := f"{service}-{suffix}") not in taken
        )
        return {
            revision: self.names.get(revision) or (left_out.pop(0) if left_out else next(fresh))
            for revision in dict.fromkeys(revisions)
        }

    def deleted_first(self, service: str, revisions: Sequence[str]) -> frozenset[str]:
        """Return the revisions whose Deployments are deleted before the new ones are created."""
        given = set(self.logical_names(service, revisions).values())
        return frozenset(
            revision for revision, name in self.names.items() if name in given and revision not in revisions
        )


def recorded_revisions(
    resources: Mapping[str, Mapping[str, Any]], services: Iterable[Mapping[str, Any]] = ()
) -> dict[str, RecordedRevisions]:
    """Return the blue/green Deployments of every service, by its name.

    Args:
        resources: The stack's state: `type` and `outputs` of each resource, by its URN.
        services: The Services of the namespace, as the API server has them.
    """
    names: dict[str, dict[str, str]] = {}
    selected: dict[str, set[str]] = {}
    # A Service of one revision is there before its Deployment is: only where that is missing its name counts.
    for kind in (_DEPLOYMENT, _SERVICE):
        for urn, resource in resources.items():
            labelled = _labels(resource) if resource["type"] == kind else {}
            app, revision = labelled.get("app"), labelled.get(labels.REVISION)
            if app and revision:
                of_app, name = names.setdefault(app, {}), urn.rpartition("::")[2]
                if revision not in of_app and name not in of_app.values():
                    of_app[revision] = name
    in_state = (
        resource["outputs"]
        for resource in resources.values()
        if resource["type"] == _SERVICE and resource.get("outputs")
    )
    for content in chain(in_state, services):
        selector: Mapping[str, str] = (content.get("spec") or {}).get("selector") or {}
        if selector.get(labels.REVISION) and labels.REVISION not in _object_labels(content):
            selected.setdefault(selector["app"], set()).add(selector[labels.REVISION])
    return {
        app: RecordedRevisions(names=names.get(app, {}), selected=frozenset(selected.get(app, ())))
        for app in {*names, *selected}
    }


def _labels(resource: Mapping[str, Any]) -> Mapping[str, str]:
    return _object_labels(resource.get("outputs") or {})


def _object_labels(content: Mapping[str, Any]) -> Mapping[str, str]:
    object_labels: Mapping[str, str] = (content.get("metadata") or {}).get("labels") or {}
    return object_labels
