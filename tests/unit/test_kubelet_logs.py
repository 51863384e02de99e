import asyncio
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kubelet import logs
from lab.kubelet.logs import Extract
from lab.nodeagent import logfiles


async def collect(path: Path, wanted: Extract) -> bytes:
    return b"".join([part async for part in logs.read(path, wanted, lambda: True)])


def read(path: Path, **wanted: int) -> bytes:
    return asyncio.run(collect(path, Extract(**wanted)))


LINE = st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" "))


@given(st.lists(LINE), st.integers(0, 12), st.sampled_from([b"", b"unfinished"]))
def test_last_lines_are_those_at_the_end(lines: list[bytes], count: int, unfinished: bytes) -> None:
    every = [line + b"\n" for line in lines] + ([unfinished] if unfinished else [])
    content = b"".join(every)
    place = logs.last_lines(io.BytesIO(content), count)
    assert content[place:] == b"".join(every[len(every) - min(count, len(every)) :])


def test_last_lines_of_a_long_log(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("".join(f"line {number}\n" for number in range(50_000)))
    assert read(path, lines=2) == b"line 49998\nline 49999\n"
    assert read(path, lines=20_000).startswith(b"line 30000\n")
    assert read(path, lines=60_000).startswith(b"line 0\n")
    assert len(read(path, size=100_000)) == 100_000


def test_log_is_followed_to_the_end_of_its_process(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("one\n")

    async def play() -> list[bytes]:
        ended = asyncio.Event()
        parts = logs.read(path, Extract(follow=True), ended.is_set)
        chunks = [await anext(parts)]
        with path.open("a") as log:
            log.write("two\n")
        chunks.append(await anext(parts))
        with path.open("a") as log:
            log.write("last words\n")
        ended.set()
        return [*chunks, *[part async for part in parts]]

    assert asyncio.run(play()) == [b"one\n", b"two\n", b"last words\n"]


def test_request_says_what_is_wanted() -> None:
    assert logs.extract({"follow": "true", "tailLines": "3", "limitBytes": "9"}) == Extract(True, False, 3, 9)
    assert logs.extract({"previous": "true", "timestamps": "false"}) == Extract(previous=True)


@pytest.mark.parametrize("name", ["timestamps", "sinceSeconds", "sinceTime"])
def test_times_of_lines_are_not_known(name: str) -> None:
    with pytest.raises(ValueError, match="leave --"):
        logs.extract({name: "true"})


def test_log_of_one_process_before_is_kept(tmp_path: Path) -> None:
    for number in range(3):
        logfiles.turn(tmp_path, "server").write_text(str(number))
    assert logfiles.current(tmp_path, "server").read_text() == "2"
    assert logfiles.previous(tmp_path, "server").read_text() == "1"
    assert len(list(tmp_path.iterdir())) == 2
