"""Streams the body of an HTTP response, and gives up on a server that stalls."""

import time
from collections.abc import Callable

import httpx

WINDOW_SECONDS = 10.0
LEAST_BYTES = 64 * 1024
"""A server that sends less than this in a window has stalled: 6.4 KiB/s, at which kubectl would take three hours."""


def copy_body(response: httpx.Response, write: Callable[[bytes], object]) -> None:
    """Hand over the body as it was sent, piece by piece.

    The read timeout of the request bounds the wait for each piece; this bounds a body that only drips.

    Raises:
        httpx.HTTPError: The body ends early, or its server stalls.
    """
    start, received = time.monotonic(), 0
    for chunk in response.iter_raw():
        write(chunk)
        received += len(chunk)
        if time.monotonic() - start > WINDOW_SECONDS:
            if received < LEAST_BYTES:
                raise httpx.ReadTimeout(f"less than {LEAST_BYTES} bytes in {WINDOW_SECONDS:.0f} s")
            start, received = time.monotonic(), 0
