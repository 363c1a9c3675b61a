# SPDX-License-Identifier: GPL-3.0-or-later
"""
Prove the pictures of a model while the model is downloaded.

Floor: second. Thread: any; the file is read in a thread of its own. No ``bpy``, and nothing of this package: the child
loads it as a plain module.

Proving three maps of 2048 px takes 0.14 s of the processor, which a model of 100,000 triangles would wait for. Their
bytes are there before the last byte of the model is.
"""

import errno
import json
import operator
import os
import stat
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING or __package__:
    from . import picture_proof
else:
    import picture_proof

#: Header of a GLB with that of its first chunk: magic, version, length; length and type of the chunk (glTF 2.0, 4.4).
_HEAD = struct.Struct("<4sIIII")
_JSON = 0x4E4F534A
#: Size of the header of the chunk with the data.
_CHUNK_HEAD_BYTES = 8
#: Largest description that is read, and largest picture, in bytes, and most pictures.
_MAX_JSON_BYTES, _MAX_PICTURE_BYTES, _MAX_PICTURES = 16 * 1024**2, 64 * 1024**2, 64
#: Largest offset of a picture: a GLB has at most 4 GB (glTF 2.0, 4.4).
_MAX_OFFSET_BYTES = 2**32
#: Time between two looks whether the file has grown, in seconds.
_LOOK_S = 0.05


class PartFollower:
    """
    Reads a file while it grows, and proves the pictures in it.

    :param path: the GLB, of which a part may be there. The file is kept open, so it may be renamed. POSIX only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_complete = threading.Event()
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=self._run, name="part-follower", daemon=True)
        self._thread.start()

    def complete(self) -> None:
        """
        Say that the file will not grow any more. No file is opened from then on.

        Whoever watches which files a model has opened must not see this one.
        """
        self._is_complete.set()
        self._is_open.wait()

    def finish(self) -> None:
        """Call :meth:`complete`, and wait until the pictures that the file has are proven."""
        self.complete()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._opened() as file:
                self._is_open.set()
                for start, size in self._pictures(file.fileno()):
                    picture_proof.prove_ahead(_Span(self, file.fileno(), start, size))
        except (OSError, MemoryError, ValueError, RecursionError):
            # The other pictures are proven when the job comes.
            pass
        finally:
            self._is_open.set()

    def _opened(self) -> BinaryIO:
        """
        Open the file, which the download creates when the service has answered.

        :raises OSError: it cannot be opened, is no regular file, or was not created.
        """
        while True:
            is_last = self._is_complete.is_set()
            try:
                # In a folder that others can write to, a link or a pipe may have the name.
                file = os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
            except FileNotFoundError:
                if is_last:
                    raise
            else:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return file
                file.close()
                raise OSError(errno.EINVAL, "not a regular file")
            self._is_complete.wait(_LOOK_S)

    def read(self, descriptor: int, start: int, size: int) -> bytes:
        """Return the next bytes of the file: at least one and at most ``size``; none if it ends there for good."""
        while True:
            # Before the read: what is complete has no more to come.
            is_last = self._is_complete.is_set()
            if (data := os.pread(descriptor, size, start)) or is_last:
                return data
            self._is_complete.wait(_LOOK_S)

    def _pictures(self, descriptor: int) -> list[tuple[int, int]]:
        """
        Return where the pictures are that the file contains, in their order: start and size in bytes.

        :raises ValueError: it is no GLB, or one that describes them in another way.
        """
        magic, version, _, json_bytes, kind = _HEAD.unpack(self._bytes(descriptor, 0, _HEAD.size))
        if (magic, version, kind) != (b"glTF", 2, _JSON) or json_bytes > _MAX_JSON_BYTES:
            raise ValueError("not a GLB")
        found = json.loads(self._bytes(descriptor, _HEAD.size, json_bytes))
        try:
            views = [found["bufferViews"][image["bufferView"]] for image in found["images"] if "bufferView" in image]
            spans = {(view.get("byteOffset", 0), view["byteLength"]) for view in views if view["buffer"] == 0}
            places = [(operator.index(start), operator.index(size)) for start, size in spans]
            chosen = sorted(
                (start, size)
                for start, size in places
                if 0 <= start <= _MAX_OFFSET_BYTES and 0 < size <= _MAX_PICTURE_BYTES
            )
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            raise ValueError("no pictures") from error
        data_start = _HEAD.size + json_bytes + _CHUNK_HEAD_BYTES
        return [(data_start + start, size) for start, size in chosen[:_MAX_PICTURES]]

    def _bytes(self, descriptor: int, start: int, size: int) -> bytes:
        return picture_proof.exactly(_Span(self, descriptor, start, size), size)


class _Span:
    """A part of a file that grows: a source of ``picture_proof``."""

    is_whole = False

    def __init__(self, follower: PartFollower, descriptor: int, start: int, size: int) -> None:
        self._follower, self._descriptor, self._at, self._end = follower, descriptor, start, start + size

    def read(self, size: int) -> bytes:
        if self._at >= self._end:
            return b""
        data = self._follower.read(self._descriptor, self._at, min(size, self._end - self._at))
        self._at += len(data)
        return data
