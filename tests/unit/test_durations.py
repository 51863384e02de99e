"""Lengths of time and points in time, as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from boutique.settings.durations import Duration, moment, written


@pytest.mark.parametrize(
    ("text", "meant"),
    [("90m", timedelta(minutes=90)), ("72h", timedelta(days=3)), ("3d", timedelta(days=3))],
)
def test_a_length_is_a_number_with_a_unit(text: str, meant: timedelta) -> None:
    assert Duration.parse(text).length == meant
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize("text", ["", "3", "0h", "-1h", "1.5h", "3 d", "3days", "3D", "72h30m", "9999999d", "٣d"])
def test_what_is_no_length_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90m, 72h or 3d"):
        Duration.parse(text)


@pytest.mark.parametrize(
    "text", ["2026-01-31T18:00:00Z", "2026-01-31T19:00:00+01:00", "2026-01-31 18:00+00:00", "20260131T180000Z"]
)
def test_a_point_in_time_is_the_same_in_every_zone(text: str) -> None:
    assert moment(text) == datetime(2026, 1, 31, 18, tzinfo=UTC)
    assert written(moment(text)) == "2026-01-31T18:00:00Z"


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-01-31", "2026-01-31T18:00:00", "2026-02-30T18:00:00Z"])
def test_a_point_in_time_without_its_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 2026-01-31T18:00:00Z"):
        moment(text)
