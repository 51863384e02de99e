import asyncio
import struct
import zlib

import pytest

from lab.kubelet.spdy import DICTIONARY, Decoder, Encoder, Frame, Kind
from lab.kubelet.streams import Stream, StreamConnection

# Written by the library that kubectl uses, github.com/moby/spdystream v0.5.1: two streams are opened, five bytes sent,
# a ping, the end of the data, a reset, and the end of it all.
WRITTEN = bytes.fromhex(
    "800300010100003e0000000100000000000078f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c60616061c0c0c0c0590489"
    "c64c50f2663400000000ffff800300010000001a00000003000000000000826a26ac0ad57850499508000000ffff000000030000000568656c6c"
    "6f80030006000000040000000100000003010000008003000300000008000000030000000580030007000000080000000000000000"
)
OPENED = {"streamtype": "error", "port": "8080", "requestid": "0"}


def frames(content: bytes) -> list[Frame]:
    async def read() -> list[Frame]:
        reader = asyncio.StreamReader()
        reader.feed_data(content)
        reader.feed_eof()
        decoder, result = Decoder(reader), []
        while frame := await decoder.frame():
            result.append(frame)
        return result

    return asyncio.run(read())


def open_frame(headers: bytes) -> bytes:
    """Return a frame that opens a stream, with headers as they are before their compression."""
    packer = zlib.compressobj(zdict=DICTIONARY)
    packed = packer.compress(headers) + packer.flush(zlib.Z_SYNC_FLUSH)
    return struct.pack(">IIIIH", 0x80030001, 10 + len(packed), 1, 0, 0) + packed


def test_what_kubectl_writes_is_read() -> None:
    first, second, data, ping, end, reset, last = frames(WRITTEN)
    assert (first.kind, first.stream, first.last, first.headers) == (Kind.OPEN, 1, True, OPENED)
    assert (second.kind, second.stream, second.last) == (Kind.OPEN, 3, False)
    assert second.headers == {**OPENED, "streamtype": "data"}
    assert data == Frame(Kind.DATA, 3, content=b"hello")
    assert ping == Frame(Kind.PING, content=struct.pack(">I", 1))
    assert end == Frame(Kind.DATA, 3, last=True)
    assert (reset.kind, reset.stream, last.kind) == (Kind.RESET, 3, Kind.GO_AWAY)


def test_what_is_written_is_read() -> None:
    encoder = Encoder()
    written = (encoder.reply(1), encoder.reply(3), encoder.data(3, b"a", last=True), encoder.reset(1))
    replies, data, reset = frames(b"".join(written))[:2], *frames(b"".join(written))[2:]
    assert [(reply.kind, reply.stream, reply.headers) for reply in replies] == [
        (Kind.REPLY, 1, {}),
        (Kind.REPLY, 3, {}),
    ]
    assert data == Frame(Kind.DATA, 3, last=True, content=b"a")
    assert (reset.kind, reset.stream) == (Kind.RESET, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n".replace(b"G", b"\xff", 1),
        struct.pack(">II", 0x80020001, 10) + b"0123456789",
        struct.pack(">II", 0x80030001, 2**20) + bytes(2**20),
        struct.pack(">IIIIH", 0x80030001, 14, 1, 0, 0) + b"junk",
        struct.pack(">II", 0x80030003, 2) + b"01",
        struct.pack(">II", 0x80030033, 4) + b"0123",
        open_frame(struct.pack(">I", 7)),
        open_frame(bytes(2**17)),
    ],
    ids=["http", "version", "length", "compression", "short", "kind", "missing headers", "endless headers"],
)
def test_what_is_no_frame_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|Kind|headers"):
        frames(content)


def test_connection_that_breaks_off_ends() -> None:
    assert [frame.kind for frame in frames(WRITTEN[:-45])] == [Kind.OPEN, Kind.OPEN, Kind.DATA]


async def serve_connection(handle: "asyncio.Queue[Stream]", content: bytes) -> bytes:
    """Serve a connection on which that is sent, and return what is answered."""
    served = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await StreamConnection(reader, writer).serve(handle.put_nowait)
        writer.close()
        served.set()

    server = await asyncio.start_server(accept, "127.0.0.1")
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(content)
        answer = await reader.read()
        writer.close()
        await served.wait()
    return answer


def test_streams_are_accepted_read_and_ended() -> None:
    async def play() -> tuple[bytes, list[bytes]]:
        streams: asyncio.Queue[Stream] = asyncio.Queue()
        answer = await serve_connection(streams, WRITTEN)
        error, data = streams.get_nowait(), streams.get_nowait()
        return answer, [await error.read(), await data.read(), await data.read()]

    answer, read = asyncio.run(play())
    assert read == [b"", b"hello", b""]
    assert [frame.kind for frame in frames(answer)] == [Kind.REPLY, Kind.REPLY, Kind.PING]


def test_stream_that_is_not_read_holds_its_connection_up() -> None:
    async def play() -> None:
        streams: asyncio.Queue[Stream] = asyncio.Queue()
        opened, rest = WRITTEN[: WRITTEN.index(struct.pack(">II", 3, 5))], WRITTEN[-16:]
        content = opened + 5 * Encoder().data(3, bytes(2**19)) + rest
        serving = asyncio.create_task(serve_connection(streams, content))
        await streams.get()
        data = await streams.get()
        done, _ = await asyncio.wait([serving], timeout=0.3)
        assert not done, "it waits for the reader"
        for _ in range(5):
            assert len(await data.read()) == 2**19
        await serving

    asyncio.run(play())
