"""Messages between the server and its worker processes: a JSON header and blobs, over a pipe.

A frame is the length of the header (4 bytes), the header, and the blobs, whose lengths are the header's "sizes". Nothing in a
frame is run when it is read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import StreamReader

_LENGTH = struct.Struct(">I")


def packed(header: dict[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """The bytes of a frame."""
    text = json.dumps({**header, "sizes": [len(blob) for blob in blobs]}).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *blobs])


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """Read a frame; None at the end of the stream. Raises EOFError for a frame that is cut off."""
    head = stream.read(_LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise EOFError("the stream ended within a frame")
    header = json.loads(_exactly(stream, _LENGTH.unpack(head)[0]))
    return header, [_exactly(stream, size) for size in header["sizes"]]


async def receive(stream: StreamReader) -> tuple[dict[str, Any], list[bytes]]:
    """Read a frame. Raises EOFError (asyncio.IncompleteReadError) when the other side is gone."""
    head = await stream.readexactly(_LENGTH.size)
    header = json.loads(await stream.readexactly(_LENGTH.unpack(head)[0]))
    return header, [await stream.readexactly(size) for size in header["sizes"]]


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError("the stream ended within a frame")
    return content
