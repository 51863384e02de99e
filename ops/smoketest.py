"""The smoke test of an environment: what its stack wants, what runs, and what a visitor gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boutique.images import Reference, label_value
from ops.deployedstack import DeployedStack, Wanted
from ops.frontdoor import Redirect, Sent, Served
from ops.link import Link
from ops.reached import Proof, Reached, reached
from ops.runningpods import Running
from ops.visit import Visited


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found out, by whoever asked.

    Attributes:
        running: What runs, by service; None if the cluster did not say.
        cluster: Why it did not.
        link: Where the shop is in the web; None if the stack names no link.
        served: The certificate; None without TLS.
        redirect: What becomes of those who come by plain HTTP; None without TLS.
        visited: The pages; empty if none was asked for.
        unreachable: Why none was.
        left_out: The services that only pages need which were left out on purpose.
    """

    running: Mapping[str, Running] | None
    cluster: str = ""
    link: Link | None
    served: Served | None = None
    redirect: Redirect | None = None
    visited: Sequence[Visited] = ()
    unreachable: str = ""
    left_out: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ServiceResult:
    """How one service is doing.

    Attributes:
        name: Its name.
        wanted: What the stack wants of it.
        ready: How many of its replicas are ready; None if the cluster did not say.
        versions: What they run.
        reached: Whether a request arrived.
        mistakes: A line for everything that is not as it should be.
    """

    name: str
    wanted: Wanted
    ready: int | None
    versions: tuple[str, ...]
    reached: Reached
    mistakes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """How an environment is doing.

    Attributes:
        stack: As it wants the environment.
        findings: What was found out.
        services: How each service is doing.
        mistakes: A line for everything that is not as it should be, with the remedy.
        warnings: A line for what will be wrong soon, and for what nobody can tell.
    """

    stack: DeployedStack
    findings: Findings
    services: tuple[ServiceResult, ...]
    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]


def result(stack: DeployedStack, findings: Findings) -> Result:
    """Judge what was found out."""
    services = tuple(_service(name, wanted, stack, findings) for name, wanted in stack.services.items())
    mistakes = [
        *([findings.cluster] if findings.cluster else []),
        *(f"{service.name}: {line}" for service in services for line in service.mistakes),
        *(findings.served.mistakes if findings.served else ()),
        *_way(findings),
    ]
    warnings = [*(findings.served.warnings if findings.served else ()), *_unsure(stack, findings)]
    return Result(stack=stack, findings=findings, services=services, mistakes=tuple(mistakes), warnings=tuple(warnings))


def _service(name: str, wanted: Wanted, stack: DeployedStack, findings: Findings) -> ServiceResult:
    running = findings.running.get(name) if findings.running is not None else None
    if findings.unreachable:
        arrived = Reached(proof=Proof.NO, said="no: nobody answers at the link")
    elif findings.link is None:
        arrived = Reached(proof=Proof.UNKNOWN, said="unknown: there is no link")
    else:
        arrived = reached(name, findings.visited, findings.left_out)
    mistakes = []
    if findings.running is not None and running is None:
        mistakes.append("is not there; run `pulumi up --refresh`")
    if running:
        mistakes += _replicas(name, wanted, running, stack.namespace)
        if running.images and running.images != (wanted.image,):
            mistakes.append(
                f"runs {' and '.join(running.images)}, not {wanted.image}; "
                "wait for an update under way, or run `pulumi up --refresh`"
            )
    if arrived.proof is Proof.NO and not findings.unreachable:
        mistakes.append(f"{arrived.said}; look at `kubectl -n {stack.namespace} logs -l app={name}`")
    if others := [each for each in arrived.versions if each != label_value(wanted.version)]:
        mistakes.append(f"requests were answered by {' and '.join(others)}, not {wanted.version}; look at its routes")
    return ServiceResult(
        name=name,
        wanted=wanted,
        ready=None if findings.running is None else running.ready if running else 0,
        versions=tuple(_version(image) for image in running.images) if running else (),
        reached=arrived,
        mistakes=tuple(mistakes),
    )


def _version(image: str) -> str:
    try:
        return Reference.parse(image).version
    except ValueError:
        # Somebody else's image, without a tag.
        return image


def _replicas(name: str, wanted: Wanted, running: Running, namespace: str) -> list[str]:
    if running.replicas != wanted.replicas:
        return [
            f"was scaled to {running.replicas}, {running.ready} ready, and the stack wants {wanted.replicas}; "
            "run `pulumi up --refresh`"
        ]
    if running.ready >= wanted.replicas:
        return []
    trouble = f" ({'; '.join(running.trouble)})" if running.trouble else ""
    return [
        f"{running.ready} of {wanted.replicas} replicas are ready{trouble}; "
        f"look at `kubectl -n {namespace} describe pods -l app={name}`"
    ]


def _way(findings: Findings) -> list[str]:
    """Return what is wrong on the way to the shop."""
    mistakes = []
    if findings.unreachable:
        mistakes.append(findings.unreachable)
    mistakes += [
        f"page {one.page.name!r} ({one.page.request}): {one.problem}; it needs {', '.join(one.page.needs)}"
        for one in findings.visited
        if one.problem
    ]
    plain = findings.redirect
    if plain and plain.sent in (Sent.ELSEWHERE, Sent.REFUSED):
        mistakes.append(
            f"{plain.said} instead of leading to {findings.link}; "
            "run `pulumi up --refresh` for the stack that owns the gateway"
        )
    return mistakes


def _unsure(stack: DeployedStack, findings: Findings) -> list[str]:
    """Return what is no mistake and should be known."""
    if findings.link is None:
        return [
            f"no request was made: there is no link, only `{stack.url}`; "
            "with boutique:platform.ingress the environment has one"
        ]
    plain = findings.redirect
    if plain and plain.sent is Sent.SERVED:
        return [f"{plain.said} without encryption or a redirect; only with the certificate acm that has to be so"]
    return []
