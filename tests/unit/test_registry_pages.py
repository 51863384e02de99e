"""All tags are listed, however a registry pages; a list that cannot be read to its end is an error."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import httpx
import pytest

from support.registry import connection, tags
from support.registry.links import next_page
from support.registry.registry_errors import (
    MissingRepositoryError,
    NoRegistryError,
    RegistryError,
    UnreachableRegistryError,
)
from tests.support.unit.registry_fakes import LIST, Answered, of_tags, read, serve_answers

PATH = "/v2/shop/ads/tags/list"
INVALID = '{"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]}'
UNSUPPORTED = '{"errors": [{"code": "UNSUPPORTED", "message": "Invalid parameter at \'maxResults\'"}]}'


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def numbered_tags(count: int) -> tuple[str, ...]:
    return tuple(f"1.0.{number:05}" for number in range(count))


@dataclass
class Pager:
    """A registry that lists tags without a Link header.

    Attributes:
        tags: All of them.
        largest: The most that it lists at once, for any `n`; None for all.
        has_n: Whether it heeds `n`.
        has_last: Whether it heeds `last`.
        beyond: Its answer after the last tag, in place of an empty list.
        declined: Its answer to `last`, if it takes none.
        queries: Every query, in order.
    """

    tags: Sequence[Any]
    largest: int | None = None
    has_n: bool = True
    has_last: bool = True
    beyond: Answered | None = None
    declined: Answered | None = None
    queries: list[str] = field(default_factory=list)

    def answer(self, request: str, _headers: Any, _body: str) -> Answered:
        query = request.partition("?")[2]
        self.queries.append(query)
        values = dict(parse_qsl(query))
        rest = list(self.tags)
        if "last" in values:
            if self.declined:
                return self.declined
            if self.has_last:
                rest = rest[rest.index(values["last"]) + 1 :]
                if not rest and self.beyond:
                    return self.beyond
        if self.has_n and "n" in values:
            rest = rest[: int(values["n"])]
        return of_tags(*rest[: self.largest])


@pytest.mark.parametrize(
    ("pager", "requests"),
    [
        (Pager(numbered_tags(999)), 1),
        (Pager(numbered_tags(1000)), 2),
        (Pager(numbered_tags(1001)), 2),
        (Pager(numbered_tags(2500)), 3),
        (Pager(numbered_tags(2000), beyond=(404, {}, '{"errors": [{"code": "NAME_UNKNOWN"}]}')), 3),
        # More than were asked for is all there is, as Docker Hub has it.
        (Pager(numbered_tags(1401), has_n=False, has_last=False), 2),
        (Pager(numbered_tags(1000), has_n=False, has_last=False), 3),
        (Pager(numbered_tags(1000), has_n=False, declined=(405, {}, UNSUPPORTED)), 3),
        # The most that a registry lists at once may be less than it is asked for.
        (Pager(numbered_tags(234), largest=100), 3),
        (Pager(numbered_tags(101), largest=50), 3),
        (Pager(numbered_tags(100), has_last=False), 2),
        (Pager(numbered_tags(99)), 1),
        (Pager(()), 1),
        (Pager((*numbered_tags(999), None)), 2),
        (Pager((*numbered_tags(999), "sha256:" + "a" * 64, "z")), 2),
    ],
)
def test_a_full_page_is_followed_by_what_comes_after_its_last_tag(pager: Pager, requests: int) -> None:
    with serve_answers(by_call=pager.answer) as answers:
        assert read(answers) == tuple(tag for tag in pager.tags if tag and ":" not in tag)
    assert len(pager.queries) == requests
    assert pager.queries[0] == "n=1000"


@pytest.mark.parametrize(
    "pager",
    [
        Pager(numbered_tags(1500), has_last=False),
        Pager(numbered_tags(1500), declined=(400, {}, '{"errors": [{"code": "UNSUPPORTED"}]}')),
    ],
)
def test_tags_that_a_registry_keeps_to_itself_are_an_error(pager: Pager) -> None:
    with (
        serve_answers(by_call=pager.answer) as answers,
        pytest.raises(NoRegistryError, match="lists no more than 1000 tags of shop/ads, and may have others"),
    ):
        read(answers)


def test_a_registry_with_links_has_no_more_tags_than_they_lead_to() -> None:
    pages = {
        f"{LIST}?n=1000": of_tags(*numbered_tags(100), link=f'<{PATH}?n=1000&last=x>; rel="next"'),
        f"{LIST}?n=1000&last=x": of_tags(*(f"2.0.{number}" for number in range(1000))),
    }
    with serve_answers(by_request=pages) as answers:
        assert len(read(answers)) == 1100
        assert len(answers.seen) == 2


def test_a_full_page_at_a_registry_whose_last_is_no_tag_is_all_of_them() -> None:
    """ECR's `last` is a token of its own, and where there is more, a Link has it."""
    full = numbered_tags(1000)
    pages = {
        f"{LIST}?n=1000": of_tags(*full),
        f"{LIST}?n=1000&last={full[-1]}": (400, {}, UNSUPPORTED),
        f"{LIST}?n=999": of_tags(*full[:-1], link=f'<{PATH}?n=999&last=c2VjcmV0>; rel="next"'),
    }
    with serve_answers(by_request=pages) as answers:
        assert read(answers) == full


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_page_that_is_not_read_is_an_error(status: int) -> None:
    pages = {f"{LIST}?n=1000": of_tags(*numbered_tags(1000)), LIST: (status, {}, "")}
    with serve_answers(by_request=pages) as answers, pytest.raises(UnreachableRegistryError, match=f"answers {status}"):
        read(answers)


@pytest.mark.parametrize(
    ("largest", "refusal"),
    [
        (500, (400, {}, INVALID)),
        (100, (400, {}, INVALID)),
        (100, (405, {}, UNSUPPORTED)),
        (64, (400, {}, INVALID)),
        (20, (422, {}, "")),
        (50, (413, {}, "")),
        (0, (400, {}, INVALID)),
    ],
)
def test_a_registry_that_lists_less_at_once_is_asked_for_less(largest: int, refusal: Answered) -> None:
    pager = Pager(numbered_tags(230), largest=largest or 7)

    def answer(request: str, headers: Any, body: str) -> Answered:
        size = int(parse_qs(request.partition("?")[2]).get("n", ["0"])[0])
        return refusal if size > largest else pager.answer(request, headers, body)

    with serve_answers(by_call=answer) as answers:
        assert read(answers) == pager.tags
        assert len(answers.seen) < 40


def test_a_registry_that_lists_nothing_says_why_at_first() -> None:
    with (
        serve_answers(tags=[(400, {}, INVALID), *[(405, {}, UNSUPPORTED)] * 9]) as answers,
        pytest.raises(RegistryError, match=r"400 \(PAGINATION_NUMBER_INVALID\)"),
    ):
        read(answers)


@pytest.mark.parametrize(
    "link",
    [
        "</v2/shop/ads/tags/list?n=2&last=b>; rel=next",
        "<list?n=2&last=b>;rel=next",
        '<?n=2&last=b>; rel="next"',
        '<<http://127.0.0.1:{port}/v2/shop/ads/tags/list?n=2&last=b>>; rel="next"',
        '<http://127.0.0.1:{port}/v2/shop/ads/tags/list?n=2&last=b>; Rel="NEXT"',
        '<http://127.0.0.1/v2/shop/ads/tags/list?n=2&last=b>; rel="next"',
        '<https://127.0.0.1:{port}/v2/shop/ads/tags/list?n=2&last=b>; rel="next"',
        '<https://127.0.0.1:443/v2/shop/ads/tags/list?n=2&last=b>; rel="next"',
        '<http://ann@127.0.0.1:{port}/v2/shop/ads/tags/list?n=2&last=b>; rel="next"',
        # Artifactory leaves out the key of its repository, Nexus puts a path in front.
        '</v2/ads/tags/list?n=2&last=b>; rel="next"',
        '<http://127.0.0.1:{port}/repository/docker/v2/shop/ads/tags/list?n=2&last=b>; rel="next"',
        '<https://127.0.0.1/artifactory/api/docker/key/v2/ads/tags/list?n=2&last=b>; rel="next"',
        '<x?n=1>; rel="prev", </v2/?n=2&last=b>; title="a, <b>; rel=c"; rel="last next"',
    ],
)
def test_the_path_of_the_next_page_is_ours_and_its_query_theirs(link: str) -> None:
    pages = {f"{LIST}?n=1000": of_tags("a", "b", link=link), f"{LIST}?n=2&last=b": of_tags("c")}
    with serve_answers(by_request=pages) as answers:
        assert read(answers) == ("a", "b", "c")


@pytest.mark.parametrize("query", ["next_page=gAAAAABYF4%3D%3D&n=50", "last=YWJj%2Bw%2F%3D%3D&n=0", "last=a+b%20c&n=2"])
def test_the_query_of_the_next_page_is_sent_as_it_is(query: str) -> None:
    pages = {f"{LIST}?n=1000": of_tags("a", link=f'<{PATH}?{query}>; rel="next"'), f"{LIST}?{query}": of_tags("b")}
    with serve_answers(by_request=pages) as answers:
        assert read(answers) == ("a", "b")
        assert answers.seen[1][0] == f"{LIST}?{query}"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/v2/shop/ads/tags/list?last=a",
        "//evil.example/v2/shop/ads/tags/list?last=a",
        "http://127.0.0.1:1/v2/shop/ads/tags/list?last=a",
        "http://127.0.0.1.evil.example/v2/shop/ads/tags/list?last=a",
        "http://127.0.0.1@evil.example/v2/shop/ads/tags/list?last=a",
        "ftp://127.0.0.1/v2/shop/ads/tags/list?last=a",
        "http://[/v2/?last=a",
    ],
)
def test_another_host_is_refused(target: str) -> None:
    with (
        serve_answers(tags=of_tags("a", link=f'<{target}>; rel="next"')) as answers,
        pytest.raises(NoRegistryError, match="on another host; that is refused"),
    ):
        read(answers)
    assert len(answers.seen) == 1


@pytest.mark.parametrize(
    ("url", "link", "expected"),
    [
        ("https://r.example/v2/a/tags/list?n=9", "http://r.example/v2/a/tags/list?last=x", "https://r.example"),
        ("https://r.example/v2/a/tags/list?n=9", "http://R.example:80/v2/a/tags/list?last=x", "https://r.example"),
        ("https://r.example/v2/a/tags/list?n=9", "http://r.example:443/v2/a/tags/list?last=x", "https://r.example"),
        ("https://r.example:5000/v2/a/tags/list", "http://r.example/a/tags/list?last=x", "https://r.example:5000"),
        ("https://r.example:5000/v2/a/tags/list", "http://r.example:5000/?last=x", "https://r.example:5000"),
        ("https://[::1]:5000/v2/a/tags/list", "http://[::1]:5000/?last=x", "https://[::1]:5000"),
        ("https://r.example/v2/a/tags/list", "http://r.example:8081/?last=x", None),
        ("https://r.example/v2/a/tags/list", "https://other.example/v2/a/tags/list?last=x", None),
    ],
)
def test_a_registry_behind_a_proxy_is_asked_as_before(url: str, link: str, expected: str | None) -> None:
    page = connection.RegistryAnswer(
        url=httpx.URL(url), status=200, headers=httpx.Headers({"link": f'<{link}>; rel="next"'}), body=b""
    )
    if not expected:
        with pytest.raises(ValueError, match=link[:20]):
            next_page(page)
        return
    assert next_page(page) == httpx.URL(f"{expected}/v2/a/tags/list?last=x")


def test_a_link_that_leads_in_circles_is_an_error() -> None:
    pages = {
        f"{LIST}?n=1000": of_tags("a", link=f'<{PATH}?last=a>; rel="next"'),
        f"{LIST}?last=a": of_tags("b", link=f'<{PATH}?last=b>; rel="next"'),
        f"{LIST}?last=b": of_tags("c", link=f'<{PATH}?last=a>; rel="next"'),
    }
    with (
        serve_answers(by_request=pages) as answers,
        pytest.raises(NoRegistryError, match="does not come to an end with the tags of shop/ads"),
    ):
        read(answers)


def test_the_most_pages_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "_MOST_PAGES", 3)
    numbers = iter(range(100))

    def answer(*_: Any) -> Answered:
        number = next(numbers)
        return of_tags(f"a{number}", link=f'<{PATH}?last={number}>; rel="next"')

    with serve_answers(by_call=answer) as answers, pytest.raises(RegistryError, match="more than 3 pages of tags"):
        read(answers)


def test_a_repository_that_goes_away_meanwhile_is_missing() -> None:
    pages = {
        f"{LIST}?n=1000": of_tags("a", link=f'<{PATH}?last=a>; rel="next"'),
        LIST: (404, {}, '{"errors": [{"code": "NAME_UNKNOWN"}]}'),
    }
    with serve_answers(by_request=pages) as answers, pytest.raises(MissingRepositoryError):
        read(answers)


ODD = [None, "", f"sha256:{'a' * 64}", "sha256:short", 7, True, {"a": 1}, ["1.0.0"], "a b", ".a", "-a", "x" * 129]


def test_what_is_no_tag_is_skipped() -> None:
    with serve_answers(tags=of_tags("1.2.3", *ODD, "sha256-aaaa.sig", "latest", "\x1b[2J")) as answers:
        assert read(answers) == ("1.2.3", "sha256-aaaa.sig", "latest")


@pytest.mark.parametrize("entries", [[None], [""], [f"sha256:{'a' * 64}"], [None, "", "sha256:a"]])
def test_a_repository_without_a_tag_has_none(entries: list[Any]) -> None:
    with serve_answers(tags=of_tags(*entries)) as answers:
        assert read(answers) == ()


@pytest.mark.parametrize("listed", ["1", '"latest"', '{"1.2.3": "id"}', "true", "false", "0", '""', "{}"])
def test_what_is_no_list_is_no_list_of_tags(listed: str) -> None:
    with (
        serve_answers(tags=(200, {}, f'{{"name": "shop/ads", "tags": {listed}}}')) as answers,
        pytest.raises(NoRegistryError, match="is no tag"),
    ):
        read(answers)


def test_a_very_long_answer_is_read() -> None:
    """Google's registries list all manifests in the one answer: 70,000 are more than 20 MB.

    https://github.com/google/go-containerregistry/issues/897
    """
    digests = (f"sha256:{number:064x}" for number in range(70_000))
    manifest = {"imageSizeBytes": "1" * 20, "layerId": "", "mediaType": "m" * 90, "tag": [], "timeCreatedMs": "1" * 13}
    content = {"child": [], "name": "shop/ads", "tags": ["1.2.3"], "manifest": dict.fromkeys(digests, manifest)}
    body = json.dumps(content)
    assert len(body) > 20 * 10**6
    with serve_answers(tags=(200, {}, body)) as answers:
        assert read(answers) == ("1.2.3",)


def test_the_longest_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LARGEST", 1000)
    with (
        serve_answers(tags=of_tags(*numbered_tags(200))) as answers,
        pytest.raises(
            NoRegistryError, match=r"registry 127.*: its answer does not end after 1000 bytes, the most that"
        ),
    ):
        read(answers)


def test_the_longest_time_of_an_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_WHOLE_ANSWER_SECONDS", 0.0)
    with (
        serve_answers(tags=of_tags("a")) as answers,
        pytest.raises(
            UnreachableRegistryError, match=r"does not send its whole answer within 0 s; check the name, the network"
        ),
    ):
        read(answers)
