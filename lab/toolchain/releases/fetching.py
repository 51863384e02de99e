"""Fetches the releases of missing tools, all of them side by side."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from functools import partial

import httpx

from lab.toolchain import tool_cache
from lab.toolchain.build_report import BuildReport
from lab.toolchain.compiling import files_item
from lab.toolchain.recipe import Family
from lab.toolchain.releases.background import Background
from lab.toolchain.releases.catalogue import FamilyRelease, catalogue
from lab.toolchain.releases.download_network import DownloadNetwork
from lab.toolchain.releases.jobs import Files, Job, ReleasePrograms
from lab.toolchain.releases.release_errors import PublisherUnreachableError, ReleaseError
from support.deadline import Deadline
from support.files import lock_folder

PROBE_SECONDS = 3.0
_AT_ONCE = 8
_TICK = 0.5
_MOST_NAMES = 4


def fetch(families: Sequence[Family], items: Collection[str], report: BuildReport, *, required: bool) -> None:
    """Fetch the items that have a release; the rest is left to be built, and a line says why.

    Args:
        families: All families that belong together.
        items: Names of tools, and `files_item(family)`.
        report: Is called with the progress.
        required: Whether it is an error if something cannot be fetched.

    Raises:
        ReleaseError: A required item cannot be fetched. Fetched ones are kept.
    """
    releases = catalogue(families)
    jobs = _jobs(families, releases, items)
    unreleased = set(items) - {item for job in jobs for item in job.items}
    if required and unreleased:
        raise ReleaseError(f"there is no release of {_join(unreleased)} for this machine; use --from auto")
    if not jobs:
        return
    folder = tool_cache.root() / "releases"
    with (
        lock_folder(folder, lambda: report.on_notice("waiting: another process fetches releases")),
        closing(DownloadNetwork()) as network,
    ):
        tool_cache.sweep(folder)
        for release in releases.values():
            tool_cache.sweep(release.folder)
        jobs = [job for job in jobs if not job.is_done]
        failures = _unreachable(jobs, network)
        reachable = [job for job in jobs if not failures.keys() & set(job.items)]
        # With the first program that has to be built, Go fetches these modules anyway.
        if any(isinstance(job, ReleasePrograms) for job in jobs) and not any(
            isinstance(job, ReleasePrograms) for job in reachable
        ):
            reachable = []
        if reachable and not (required and failures):
            failures |= _fetch(reachable, network, report)
    if failures and required:
        raise ReleaseError("\n".join([*_lines(failures, ""), "use --from auto to build tools that cannot be fetched"]))
    for line in _lines(failures, "; built from source"):
        report.on_notice(line)


def _jobs(families: Sequence[Family], releases: Mapping[str, FamilyRelease], items: Collection[str]) -> list[Job]:
    programs: dict[str, ReleasePrograms] = {}
    files: list[Job] = []
    for family in families:
        release = releases[family.name]
        for tool, artifact in release.programs.items():
            if tool in items:
                job = programs.get(artifact.source.key, ReleasePrograms(artifact, {}))
                programs[artifact.source.key] = ReleasePrograms(artifact, {**job.targets, tool: release.folder / tool})
        if release.modules and files_item(family) in items:
            files.append(Files(files_item(family), release))
    return [*programs.values(), *files]


def _unreachable(jobs: Sequence[Job], network: DownloadNetwork) -> dict[str, ReleaseError]:
    """Return the items whose hosts do not answer, having waited for all hosts together."""
    urls: dict[str, str] = {}
    for url in (url for job in jobs for url in job.urls):
        urls.setdefault(httpx.URL(url).host, url)
    hosts = list(urls)
    silent: dict[str, str] = dict.fromkeys(hosts, f"no answer within {PROBE_SECONDS:.0f} s")
    deadline = Deadline(PROBE_SECONDS)
    probes = Background([partial(network.probe, url, PROBE_SECONDS) for url in urls.values()], len(urls))
    for result in probes.results(_TICK / 5):
        if result is not None:
            number, error = result
            if isinstance(error, ReleaseError):
                silent[hosts[number]] = error.reason if isinstance(error, PublisherUnreachableError) else str(error)
            else:
                del silent[hosts[number]]
        if deadline.is_over:
            break
    if not silent:
        return {}
    reasons = ", ".join(sorted(set(silent.values())))
    summary = ReleaseError(f"{', '.join(sorted(silent))} cannot be reached ({reasons})")
    return {
        item: summary for job in jobs if any(httpx.URL(url).host in silent for url in job.urls) for item in job.items
    }


def _fetch(jobs: Sequence[Job], network: DownloadNetwork, report: BuildReport) -> dict[str, ReleaseError]:
    report.on_fetching([item for job in jobs for item in job.items], tool_cache.root())
    start = time.monotonic()
    sizes = [0] * len(jobs)

    def run(number: int) -> None:
        def advance(size: int) -> None:
            sizes[number] += size

        jobs[number].fetch(network, advance)

    failures: dict[str, ReleaseError] = {}
    done = 0
    for result in Background([partial(run, number) for number in range(len(jobs))], _AT_ONCE).results(_TICK):
        if result is not None:
            number, error = result
            if isinstance(error, ReleaseError):
                failures |= dict.fromkeys(jobs[number].items, error)
            elif error is not None:
                raise error
            else:
                report.on_fetched(jobs[number].name, sizes[number], time.monotonic() - start)
            done += 1
        report.on_transferred(done, len(jobs), sum(sizes))
    return failures


def _lines(failures: Mapping[str, ReleaseError], remedy: str) -> list[str]:
    items: dict[str, list[str]] = {}
    for item, error in failures.items():
        items.setdefault(str(error), []).append(item)
    return [
        f"no release of {_join(names) if len(names) <= _MOST_NAMES else f'{len(names)} things'}: {text}{remedy}"
        for text, names in items.items()
    ]


def _join(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
