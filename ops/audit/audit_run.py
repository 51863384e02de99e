"""Runs an audit: deploys its feature, visits the application, reads the proxies, and removes the feature."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from ssl import SSLContext

from boutique.application.smoke_page import SmokePage
from boutique.application.workload import Workload
from boutique.settings.durations import Duration
from ops.audit.audit_environment import AuditEnvironment, read_environment
from ops.audit.audit_leftovers import Leftovers
from ops.audit.audit_result import AuditResult
from ops.audit.audit_visits import VisitPlan, settled_visit
from ops.audit.call_edges import audited_workloads, call_edges
from ops.audit.proxy_reader import proxies
from ops.errors import OperationError
from ops.features.audit_features import forget_audit, new_name, running_audit
from ops.features.identity import FeatureStack, identity
from ops.features.removal import down
from ops.features.update import FeatureRequest, Updated, up
from ops.smoke.link import Link, link
from support.deadline import Deadline

_TIME_TO_LIVE = Duration.parse("30m")
_VISIT_SECONDS = 60.0

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """The application to audit, and the options of an audit.

    Attributes:
        workloads: The workloads of the application.
        entry: The name of the one that the gateway calls.
        pages: The pages to request, in order.
        trust: The SSL context.
        secrets_provider: The secrets provider of the feature's stack; None for Pulumi's default.
    """

    workloads: Sequence[Workload]
    entry: str
    pages: Sequence[SmokePage]
    trust: SSLContext
    secrets_provider: str | None = None


def run(project: Path, stack: str, request: AuditRequest, progress: Progress) -> AuditResult:
    """Audit an environment.

    Args:
        project: The folder of the project.
        stack: The environment's stack.
        request: The application and the options.
        progress: Receives each step.

    Raises:
        OperationError: The environment cannot be read or audited, or the feature cannot be deployed or removed.
    """
    progress(f"reading stack {stack}")
    environment = read_environment(project, stack)
    audited = audited_workloads(request.workloads, environment.images)
    if request.entry not in {workload.name for workload in audited}:
        raise OperationError(
            f"stack {stack!r} does not run {request.entry!r}, which the gateway calls: no request can be followed"
        )
    if not request.pages:
        raise OperationError("the application has no smoke pages, whose requests an audit follows; name at least one")
    leftovers = Leftovers(project, stack)
    leftovers.remove(progress)
    feature = identity(project, new_name(), stack)
    images = {workload.name: environment.images[workload.name] for workload in audited}
    deployment = FeatureRequest(
        audited=images,
        ttl=min(_TIME_TO_LIVE, environment.maximum_ttl, key=lambda ttl: ttl.length),
        secrets_provider=request.secrets_provider,
    )
    with _deployed(project, feature, deployment, progress) as deployed:
        result = _audit(environment, feature, replace(request, workloads=audited), deployed.url, progress)
    leftovers.remove(progress)
    left_out = [workload.name for workload in request.workloads if workload.name not in images]
    return replace(result, left_out=tuple(left_out), warnings=(*deployed.warnings, *leftovers.warnings))


def _audit(
    environment: AuditEnvironment,
    feature: FeatureStack,
    request: AuditRequest,
    url: str,
    progress: Progress,
) -> AuditResult:
    """Visit the application by the preview link of a feature that is deployed."""
    progress("connecting to the proxies")
    with proxies(environment.namespace, feature.key) as reader:
        plan = VisitPlan(link=_link(url), pages=request.pages, trust=request.trust, deadline=Deadline(_VISIT_SECONDS))
        visit = settled_visit(
            plan,
            reader,
            lambda requests: call_edges(request.workloads, request.entry, feature.key, requests),
            lambda page: progress(f"asking for {page}"),
        )
    return AuditResult(environment=feature.environment, key=feature.key, edges=visit.edges, visited=visit.visited)


def _link(url: str) -> Link:
    preview = link(url)
    if preview is None:
        raise OperationError(f"the preview link {url!r} is no URL: the environment needs boutique:platform.ingress")
    return preview


@contextmanager
def _deployed(project: Path, feature: FeatureStack, request: FeatureRequest, progress: Progress) -> Iterator[Updated]:
    """Deploy a feature for a while.

    Raises:
        OperationError: It cannot be deployed, or not removed.
    """
    failure = ""
    with running_audit(feature.stack):
        try:
            yield up(project, feature, request, progress)
        except OperationError as error:
            failure = f"{error}; and "
            raise
        finally:
            try:
                down(project, feature, progress, ignore_missing=True)
            except OperationError as error:
                raise OperationError(
                    f"{failure}the {feature} could not be removed: {error}; the next `boutique audit "
                    f"{feature.environment}` or `boutique feature reap` removes it"
                ) from None
            forget_audit(feature.stack)
