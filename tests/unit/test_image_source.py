"""Which of both a container runs, and what its status says when its image cannot be had."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lab.container_mode import ContainerMode, parse_mode
from lab.containers import pull_client
from lab.containers.start_errors import ContainerStartError
from lab.nodeagent.image_source import ImageSource

T = TypeVar("T")


class Cache(ImageSource):
    """A source whose cache is a set of names."""

    def __init__(self, mode: ContainerMode, *cached: str) -> None:
        super().__init__(lambda: mode, Path("/none"), Path("/none/pulls.sock"))
        self.cached: set[str] = set(cached)

    async def find(self, reference: str) -> Any:
        return reference if reference in self.cached else None


class Registry:
    """What the client of pulls is told."""

    def __init__(self, answers: bool, failure: tuple[str, str] = ("", "")) -> None:
        self.answers = answers
        self.failure = failure
        self.asked: list[str] = []
        self.pulled: list[tuple[str, Any]] = []


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    fake = Registry(answers=False)

    def answers(_: Path, reference: str) -> bool:
        fake.asked.append(reference)
        return fake.answers

    def pull(_: Path, reference: str, secrets: Any) -> tuple[str, str]:
        fake.pulled.append((reference, secrets))
        return fake.failure

    monkeypatch.setattr(pull_client, "does_registry_answer", answers)
    monkeypatch.setattr(pull_client, "pull", pull)
    return fake


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await work()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("mode", "cached", "answers", "expected"),
    [
        ("auto", True, False, True),
        ("auto", False, True, True),
        ("auto", False, False, False),
        ("images", False, False, True),
        ("stand-ins", True, True, False),
    ],
)
def test_which_of_both(registry: Registry, mode: ContainerMode, cached: bool, answers: bool, expected: bool) -> None:
    registry.answers = answers
    source = Cache(mode, *(["r.example/a:1"] if cached else []))
    assert run(lambda: source.is_image({"image": "r.example/a:1"})) is expected


def test_a_registry_is_asked_once_for_all_its_images(registry: Registry) -> None:
    source = Cache("auto")

    async def ask() -> list[bool]:
        return await asyncio.gather(*(source.is_image({"image": f"r.example/{name}:1"}) for name in "abc"))

    assert run(ask) == [False] * 3
    assert len(registry.asked) == 1


def test_an_image_is_pulled_once_for_all_pods(registry: Registry) -> None:
    source = Cache("images")

    async def pull() -> list[Any]:
        want = {"image": "r.example/a:1"}
        return await asyncio.gather(
            *(source.provide(want, lambda: [{"name": "s"}]) for _ in "ab"), return_exceptions=True
        )

    run(pull)
    assert registry.pulled == [("r.example/a:1", [{"name": "s"}])]


@pytest.mark.parametrize(
    ("policy", "cached", "answers", "pulls"),
    [
        ("IfNotPresent", True, True, 0),
        ("Always", True, True, 1),
        ("Always", True, False, 0),
        ("Never", True, True, 0),
    ],
)
def test_the_pull_policy_decides(registry: Registry, policy: str, cached: bool, answers: bool, pulls: int) -> None:
    registry.answers = answers
    source = Cache("images", *(["r.example/a:1"] if cached else []))
    run(lambda: source.provide({"image": "r.example/a:1", "imagePullPolicy": policy}, list))
    assert len(registry.pulled) == pulls


@pytest.mark.parametrize(
    ("policy", "failure", "reason", "message"),
    [
        ("Never", ("", ""), "ErrImageNeverPull", "not present with pull policy of Never"),
        ("Always", ("ErrImagePull", "denied: who are you?"), "ErrImagePull", "denied: who are you"),
        ("Always", ("InvalidImageName", "no reference"), "InvalidImageName", "no reference"),
    ],
)
def test_an_image_that_cannot_be_had_is_an_error(
    registry: Registry, policy: str, failure: tuple[str, str], reason: str, message: str
) -> None:
    registry.answers, registry.failure = True, failure
    source = Cache("images")
    with pytest.raises(ContainerStartError, match=message) as error:
        run(lambda: source.provide({"image": "r.example/a:1", "imagePullPolicy": policy}, list))
    assert error.value.reason == reason


def test_a_mode_that_was_never_written_down_is_the_default() -> None:
    assert [parse_mode(text) for text in ("images", None, "nonsense")] == ["images", "auto", "auto"]
