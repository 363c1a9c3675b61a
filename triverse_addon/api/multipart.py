# SPDX-License-Identifier: GPL-3.0-or-later
"""
A file as the body of a ``multipart/form-data`` request, read while it is sent.

Ground floor; worker threads; no ``bpy``.

``requests`` would read the whole file, up to 200 MB, into memory and would not report progress.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from .errors import InputError
from .sentence import Sentence

Progress = Callable[[int, int], None]
"""Called with the bytes sent so far and the total bytes."""

_CHUNK_BYTES = 64 * 1024

_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "model/gltf-binary": ".glb",
    "model/obj": ".obj",
    "model/ply": ".ply",
    "model/stl": ".stl",
    "model/vnd.usdz+zip": ".usdz",
    "application/octet-stream": ".fbx",
}


class MultipartFile:
    """
    The body of a request with one part named ``file``; a context manager that closes the file.

    The file name in the part is made from the content type ("image.png"): the user's own file names are private, and
    this one needs no quoting.

    :param path: the file.
    :param content_type: result of `upload_checks.check_image` or `upload_checks.check_model`.
    :param progress: called after each chunk that was passed to the network.
    :param on_sent: called once, when the whole body was passed on.
    :raises OSError: the file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        content_type: str,
        *,
        progress: Progress | None = None,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        self._boundary = f"triverse-{secrets.token_hex(16)}"
        name = content_type.partition("/")[0].replace("application", "model") + _SUFFIXES.get(content_type, "")
        self._head = (
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        ).encode("ascii")
        self._tail = f"\r\n--{self._boundary}--\r\n".encode("ascii")
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by __exit__
        self._file_bytes = os.fstat(self._file.fileno()).st_size
        self._left_bytes = self._file_bytes
        self._name = Path(path).name
        self._progress = progress
        self._on_sent = on_sent
        self._pending = self._head
        self._tail_given = False

    def __enter__(self) -> MultipartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def content_type(self) -> str:
        """Value of the request's Content-Type header, with the boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return len(self._head) + self._file_bytes + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        # requests streams a body only if it is iterable.
        while piece := self.read(_CHUNK_BYTES):
            yield piece

    def read(self, size_bytes: int = -1) -> bytes:
        """
        Return the next chunk of the body; empty at its end.

        :param size_bytes: maximum size; negative for a default.
        :raises InputError: the file was truncated or became unreadable while it was sent.
        """
        wanted = _CHUNK_BYTES if size_bytes < 0 else size_bytes
        if self._pending:
            piece, self._pending = self._pending[:wanted], self._pending[wanted:]
            return piece
        if self._left_bytes:
            try:
                piece = self._file.read(min(wanted, self._left_bytes))
            except OSError:  # the client would report it as a network error
                piece = b""
            if not piece:
                raise InputError(
                    Sentence.of("The file {name} was changed or removed while it was sent.", name=self._name),
                    field="file",
                )
            self._left_bytes -= len(piece)
            if self._progress is not None:
                self._progress(self._file_bytes - self._left_bytes, self._file_bytes)
            return piece
        if not self._tail_given:
            self._tail_given = True
            self._pending = self._tail
            return self.read(wanted)
        if self._on_sent is not None:
            self._on_sent()
            self._on_sent = None
        return b""
