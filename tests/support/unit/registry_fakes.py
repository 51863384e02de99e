"""An image registry on the loopback that answers each request as a test says."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.registry.queries import tags
from tests.support.unit.smoke_fakes import serving

SECRET = "canary-of-a-password"  # noqa: S105 - a canary
BASIC = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()
LIST = "GET /v2/shop/ads/tags/list"

Answered = tuple[int, dict[str, str], str]


def of_tags(*names: Any, **headers: str) -> Answered:
    return 200, headers, json.dumps({"name": "shop/ads", "tags": list(names)})


def refusal(challenge: str, status: int = 401) -> Answered:
    return status, {"www-authenticate": challenge} if challenge else {}, json.dumps({"errors": [{"code": "DENIED"}]})


@dataclass
class Answers:
    """A server with answers by request, with and without its query; `{port}` in headers is its own.

    Attributes:
        given: The answers; of a list, one after the other.
        seen: Every request, with its credentials and its body.
        port: Of it.
        call: Answers every request, in place of `given`.
    """

    given: dict[str, Any]
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    port: int = 0
    call: Callable[[str, Any, str], Answered] | None = None

    def answer(self, request: str, headers: Any, body: str) -> Answered:
        self.seen.append((request, headers.get("authorization", ""), body))
        if self.call:
            status, sent, text = self.call(request, headers, body)
            return status, {name: value.replace("{port}", str(self.port)) for name, value in sent.items()}, text
        answer: Any = (
            self.given.get(request) or self.given.get(request.partition("?")[0]) or (404, {}, "<p>Nothing.</p>")
        )
        status, sent, text = answer.pop(0) if isinstance(answer, list) else answer
        return status, {name: value.replace("{port}", str(self.port)) for name, value in sent.items()}, text


@contextmanager
def serve_answers(**given: Any) -> Iterator[Answers]:
    answers = Answers({})
    with serving(answers) as answers.port:
        answers.call = given.get("by_call")
        answers.given = given.get("by_request") or {LIST: given.get("tags")}
        yield answers


def log_in(folder: Path, answers: Answers, **entry: str) -> None:
    entry = entry or {"username": "ann", "password": SECRET}
    (folder / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{answers.port}": entry}}))


def read(answers: Answers) -> tuple[str, ...]:
    return tags(f"127.0.0.1:{answers.port}/shop/ads")
