"""An application: its workloads, the one that people reach, and the pages of its smoke test."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from boutique.application.smoke_page import SmokePage
from boutique.application.workload import Workload
from boutique.settings.fields import DnsLabel, HeaderName, Repository, Section, Tag


class ApplicationImages(Section):
    """Where the images that are published together come from."""

    repository: Repository
    """Put before `/<workload>`."""
    tag: Tag
    """Their version."""
    platforms: Annotated[tuple[Literal["linux/amd64", "linux/arm64"], ...], Field(strict=False, min_length=1)] = (
        "linux/amd64",
    )
    """The platforms that each of them is published for."""


class ApplicationEntry(Section):
    """The workload that people reach from outside, and how it knows them."""

    workload: DnsLabel
    """Its name; a workload that is called by HTTP."""
    session_cookie: HeaderName | None = None
    """The cookie with the id of a visitor's session, by which testers are sent to a feature."""
    session_header: HeaderName | None = None
    """A header with the id of a client's session, where there are no cookies. Without either, testers use preview hosts
    and the header `boutique-feature`."""

    @model_validator(mode="after")
    def _has_one_session(self) -> Self:
        if self.session_cookie and self.session_header:
            raise ValueError("must have sessionCookie or sessionHeader, not both")
        return self


class Application(Section):
    """An application as its file describes it."""

    name: DnsLabel
    """Its name, in the label `app.kubernetes.io/part-of` of every object."""
    images: ApplicationImages | None = None
    """Where the images of workloads come from that name none."""
    entry: ApplicationEntry
    """The workload that people reach."""
    smoke_pages: Annotated[tuple[SmokePage, ...], Field(strict=False)] = ()
    """One visit of a smoke test, page by page."""
    workloads_by_name: Annotated[dict[DnsLabel, Workload], Field(alias="workloads", min_length=1)]
    """Its workloads by name."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:  # noqa: ANN401 - any content of a file
        """Give each workload its name, and its image where all are published together."""
        if not isinstance(value, Mapping) or not isinstance(value.get("workloads"), Mapping):
            return value
        images = value.get("images")
        workloads = {}
        for name, workload in value["workloads"].items():
            if isinstance(workload, Mapping):
                shared = {}
                if "image" not in workload and isinstance(images, Mapping):
                    shared = {"image": f"{images.get('repository')}/{name}:{images.get('tag')}"}
                workload = {**shared, **workload, "name": name}
            workloads[name] = workload
        return {**value, "workloads": workloads}

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Every workload, callees before their callers as far as calls do not go round."""
        ordered: dict[str, Workload] = {}

        def add(name: str, callers: frozenset[str]) -> None:
            workload = self.workloads_by_name.get(name)
            if workload is None or name in ordered or name in callers:
                return
            for callee in workload.callees:
                add(callee, callers | {name})
            ordered[name] = workload

        for name in self.workloads_by_name:
            add(name, frozenset())
        return tuple(ordered.values())

    @property
    def entry_workload(self) -> Workload:
        """The workload that people reach from outside."""
        return self.workloads_by_name[self.entry.workload]

    @property
    def edges(self) -> Iterator[tuple[Workload, Workload]]:
        """Every caller with each workload that it calls."""
        for caller in self.workloads:
            for name in caller.callees:
                yield caller, self.workloads_by_name[name]

    def callers(self, name: str) -> tuple[str, ...]:
        """Return the names of the workloads that call one."""
        return tuple(caller.name for caller, callee in self.edges if callee.name == name)
