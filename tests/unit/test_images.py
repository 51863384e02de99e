"""Image references: what is accepted, what is refused and why."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.names.image_reference import Reference, check_repository, check_tag, label_value

DIGEST = "sha256:" + "0123456789abcdef" * 4
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("redis:alpine", "redis", "alpine", None),
        ("registry.example:5000/shop/ads:v1", "registry.example:5000/shop/ads", "v1", None),
        (f"shop/ads@{DIGEST}", "shop/ads", None, DIGEST),
        (f"localhost:5000/ads:1.0-new-ads.3@{DIGEST}", "localhost:5000/ads", "1.0-new-ads.3", DIGEST),
    ],
)
def test_a_reference_is_read_and_written_back(text: str, repository: str, tag: str | None, digest: str | None) -> None:
    reference = Reference.parse(text)
    assert (reference.repository, reference.tag, reference.digest) == (repository, tag, digest)
    assert str(reference) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("registry.example:5000/shop/ads", "neither a tag nor a digest"),
        ("shop/Ads:v1", "lower case"),
        ("shop/ads:v1+2", "'+'"),
        ("shop/ads@sha256:12", "64 hexadecimal digits"),
        ("", "neither a tag nor a digest"),
    ],
)
def test_a_wrong_reference_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("1.0+5", "SemVer"),
        ("", "is not empty"),
        ("-rc", "starts with"),
        (".1", "starts with"),
        ("a b", "' '"),
        ("v1:2", "':'"),
        ("ü", "'ü'"),
        ("x" * 129, "this one has 129"),
    ],
)
def test_a_wrong_tag_says_what_is_wrong(tag: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        check_tag(tag)


@pytest.mark.parametrize("repository", ["", "/a", "a//b", "a:v1", "https://a/b", "a/b/", "A/b c", "a@b"])
def test_a_wrong_repository_is_refused(repository: str) -> None:
    with pytest.raises(ValueError, match="a repository is"):
        check_repository(repository)


@given(tags)
def test_every_valid_tag_is_accepted_and_survives_a_reference(tag: str) -> None:
    assert check_tag(tag) == tag
    assert Reference.parse(f"registry.example:1/a:{tag}").tag == tag


@given(tags)
def test_every_valid_tag_gives_a_valid_label(tag: str) -> None:
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    assert re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", label_value(tag))
    assert len(label_value(tag)) <= 63


def test_a_new_tag_drops_the_digest_of_the_old_one() -> None:
    assert str(Reference.parse(f"a:1@{DIGEST}").with_tag("2")) == "a:2"
