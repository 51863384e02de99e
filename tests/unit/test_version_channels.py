"""Which versions a channel lets in, and whether the API server's expressions say the same."""

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from boutique.names.image_reference import Reference
from boutique.settings.errors import SettingsError
from boutique.settings.release_settings import Pin
from boutique.settings.version_channel import Channel, check_pattern
from tests.support.online_boutique import load
from tests.support.version_tags import REFUSED, RELEASES

CLUSTER = {"kind": "existing", "context": "here"}
REPOSITORY = Reference.parse("registry.example:5000/shop/adservice:1.0.0")
KEY = "boutique:release.services.adservice"


def verdict(text: str, channel: Channel) -> str | None:
    """Return why a version is refused, by what reads it or by the channel."""
    try:
        return channel.refusal(Pin.parse(text).apply_to(REPOSITORY))
    except ValueError as error:
        return str(error)


def stack(version: str, **channel: object) -> dict[str, object]:
    return {
        "cluster": CLUSTER,
        "platform": {"targets": {"prod": {"channel": channel}}},
        "environment": {},
        "release": {"services": {"adservice": version}},
    }


def test_the_table_is_long_enough() -> None:
    assert len({*RELEASES, *(text for text, _ in REFUSED)}) == len(RELEASES) + len(REFUSED) >= 60


@pytest.mark.parametrize("text", RELEASES)
def test_releases_are_let_in(text: str) -> None:
    assert verdict(text, Channel()) is None
    assert load(stack(text)).release


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_all_else_is_refused_with_the_reason_where_the_version_is_set(text: str, reason: str) -> None:
    assert reason in str(verdict(text, Channel()))
    with pytest.raises(SettingsError) as caught:
        load(stack(text))
    [mistake] = caught.value.errors
    assert mistake.startswith(f"{KEY}: ")
    assert reason in mistake


@pytest.mark.parametrize(
    ("text", "let_in"),
    [
        ("0.10.7", True),
        ("0.10.7-rc.1", True),
        ("0.10.7-rc.12", True),
        ("0.10.7-rc", False),
        ("0.10.7-rc.1.2", False),
        ("0.10.7-arc.1", False),
        ("0.10.7-RC.1", False),
        ("0.10.7-new-ads.3", False),
        ("latest", False),
    ],
)
def test_a_channel_of_candidates(text: str, let_in: bool) -> None:
    refused = verdict(text, Channel(prereleases=r"^(|rc\.[0-9]+)$"))
    assert (refused is None) == let_in
    if text.startswith("0.10.7-"):
        assert let_in or "pre-releases like ^(|rc\\.[0-9]+)$" in str(refused)


def test_every_version_that_is_refused_is_told_once_and_where_it_is_set() -> None:
    values = stack("0.10.7-a.1")
    values["release"] = {"default": "0.10.7-b.1", "services": {"adservice": "0.10.7-a.1"}}
    with pytest.raises(SettingsError) as caught:
        load(values)
    reason = "is a pre-release, and the channel accepts releases only"
    assert set(caught.value.errors) == {
        f"{KEY}: '0.10.7-a.1': target 'prod' refuses it for adservice: {reason}",
        f"boutique:release.default: '0.10.7-b.1': target 'prod' refuses it for 10 services: {reason}",
    }


@pytest.mark.parametrize("tag", ["latest", "0.10.7-a.1"])
def test_one_tag_for_all_services_that_is_refused_is_one_line(tag: str) -> None:
    values = {**stack("0.10.6"), "environment": {"images": {"tag": tag}}}
    del values["release"]
    with pytest.raises(SettingsError) as caught:
        load(values)
    [line] = caught.value.errors
    assert line.startswith(f"boutique:environment.images.tag: {tag!r}: target 'prod' refuses it for 11 services: ")


def test_what_others_publish_is_not_judged() -> None:
    values = stack("0.10.6")
    values["release"] = {"services": {"redis-cart": "alpine"}}
    assert load(values).release


def test_features_come_only_where_the_channel_says_so() -> None:
    values = {**stack("0.10.6"), "environment": {"features": {}}}
    values["platform"] = {"targets": {"prod": {"channel": {}}}, "mesh": {}, "ingress": INGRESS}
    with pytest.raises(SettingsError, match=r"boutique:environment.features: target 'prod' lets no features in"):
        load(values)
    values["platform"]["targets"]["prod"]["channel"] = {"features": True}
    assert load(values).environment


INGRESS = {"domain": "shop.example.com", "certificate": {"kind": "certManager", "issuer": "letsencrypt"}}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?!rc)",
        r"(?<=a)b",
        r"(a)\1",
        r"(?P<name>a)",
        r"(?i)rc",
        r"a++",
        r"a*+",
        r"\Aa",
        r"a\Z",
        r"(",
        r"[a",
        r"a{,3}",
        r"[[:alpha:]]",
        r"a{2000}",
        r"(?:a{100}){100}",
        r"^\u0072c",
        r"\U00000072c",
    ],
)
def test_an_expression_that_the_api_server_would_read_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"write (a regular expression|one)"):
        check_pattern(pattern)


@given(st.text(r"^$.|()[]?*+{}\ra0-9:,d_", max_size=12), st.text("abr0-9.cd", max_size=8))
def test_whatever_is_taken_finds_the_same_in_re2(pattern: str, prerelease: str) -> None:
    try:
        check_pattern(pattern)
    except ValueError:
        return
    options = re2.Options()
    options.log_errors = False
    assert bool(re.search(pattern, prerelease)) == bool(re2.compile(pattern, options).search(prerelease))
