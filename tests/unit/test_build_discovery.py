"""What a branch has built decides what its feature deploys."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from boutique.settings.stack import Environment
from ops.errors import OperationError
from ops.features import discovery
from ops.features.discovery import Discovery, discover_builds
from ops.features.identity import identity
from tests.support import online_boutique

RELEASED = ("v0.10.6", "latest")
NAMES = {workload.name for workload in online_boutique.WORKLOADS if workload.service_ports and not workload.stateful}


def discover_tags(
    monkeypatch: pytest.MonkeyPatch, tags: Mapping[str, tuple[str, ...]], settings: Mapping[str, Any] | None = None
) -> tuple[Discovery, list[str]]:
    """Return what is found where repositories have tags, by their ends, and which of them were asked for."""
    requests: list[str] = []

    def tags_of(repositories: Iterable[str]) -> dict[str, tuple[str, ...]]:
        requests.extend(repositories)
        return {repository: tags.get(repository.rpartition("/")[2], RELEASED) for repository in requests}

    monkeypatch.setattr(discovery, "tags_of", tags_of)
    environment = Environment.model_validate({"images": {"repository": "registry.example/shop"}, **(settings or {})})
    return discover_builds(
        online_boutique.APPLICATION, environment, identity(online_boutique.ROOT, "new-ads", "dev"), lambda _: None
    ), requests


def test_every_service_that_a_feature_may_change_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"adservice": (*RELEASED, "0.10.7-new-ads.3"), "frontend": (*RELEASED, "0.10.7-new-ads.1")}
    done, repositories = discover_tags(monkeypatch, tags)
    assert sorted(repositories) == sorted(f"registry.example/shop/{name}" for name in NAMES)
    assert done.taken == {"adservice": "0.10.7-new-ads.3", "frontend": "0.10.7-new-ads.1"}
    assert set(done.left) == NAMES - {"adservice", "frontend"}


def test_the_environment_says_where_images_are_and_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    services = {"emailservice": {"enabled": False}, "adservice": {"image": {"repository": "other.example/a/ads"}}}
    done, repositories = discover_tags(monkeypatch, {"ads": ("0.10.7-new-ads.3",)}, {"services": services})
    assert "other.example/a/ads" in repositories
    assert not any("emailservice" in repository for repository in repositories)
    assert done.taken == {"adservice": "0.10.7-new-ads.3"}


def test_what_is_taken_and_left_is_said_in_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"adservice": ("0.10.7-new-ads.3",), "frontend": ("0.10.5-new-ads.9", "v0.10.6")}
    done, _ = discover_tags(monkeypatch, tags)
    first, second, rest = sorted(done.lines)
    assert first == "adservice: 0.10.7-new-ads.3"
    assert second == "frontend: left, 0.10.5-new-ads.9 is older than the release v0.10.6"
    assert rest.startswith("left, no build of the branch: ")
    assert set(rest.partition(": ")[2].split(", ")) == NAMES - {"adservice", "frontend"}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            {},
            f"registry.example has no build of the branch 'new-ads' for any of {len(NAMES)} services; push an image "
            "with a tag such as 1.4.2-new-ads.1, or name services with --service",
        ),
        (
            {"frontend": ("0.10.5-new-ads.9", "v0.10.6")},
            "has no build of the branch 'new-ads' that is newer than a release (frontend: 0.10.5-new-ads.9 is older "
            "than the release v0.10.6); push",
        ),
    ],
)
def test_a_branch_that_has_built_nothing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tags: Mapping[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(OperationError) as caught:
        discover_tags(monkeypatch, tags)
    assert message in str(caught.value)
    assert str(caught.value).startswith("feature 'new-ads' of 'dev': ")
