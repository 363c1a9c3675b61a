# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks a GLB before any Blender opens it, and writes a repaired copy if Blender cannot read the file itself.

Floor: first. Thread: worker. No ``bpy``.

Files that Blender reads are accepted. If a file is valid but makes an importer fail, it is repaired in a copy. Files
are rejected if they are harmful (external URIs, excessive numbers and sizes) or if Blender would refuse them; the
message says which. Only the JSON chunk is read into memory, up to a limit; the other data is checked by its lengths.

Blender gets the content of the copy and nothing else: no image and no buffer in it has a URI.
"""

import contextlib
import re
import secrets
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ...api.sentence import Sentence
from ..files.removal import remove_file
from . import pictures as glb_pictures
from . import repair
from .buffers import MESHOPT, Data, check_accessors, lay_out, merge
from .container import HEADER_BYTES, MAGIC, Container, GlbError, read_container, write_container
from .document import check_nodes, check_references, entries
from .extensions import settle_extensions
from .gltf_reader import ANY_BLENDER, GltfReader
from .json_chunk import parse, to_text

__all__ = [
    "HEADER_BYTES", "GlbError", "Verdict", "check", "declared_size", "has_textures", "looks_like_glb", "readable",
    "write_readable",
]  # fmt: skip

#: Ending of the name of a copy, which is written next to the original.
_COPY = ".readable.glb"
_COPIES = re.compile(r"\..+\.[0-9a-f]{8}\.readable\.glb", re.DOTALL)
#: Age in seconds at which a copy counts as left by a killed process; newer ones may be in use by other processes.
_STALE_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Result for a GLB that was accepted.

    :ivar is_as_it_is: Blender can open the file itself; otherwise it needs a copy, see :func:`readable`.
    :ivar notes: for the task's history: what this Blender does not show.
    """

    is_as_it_is: bool
    notes: tuple[Sentence, ...] = ()


def looks_like_glb(head: bytes) -> bool:
    """Return whether ``head``, the first bytes of a file, begins a GLB of version 2."""
    return head[:4] == MAGIC and (len(head) < 8 or struct.unpack_from("<I", head, 4)[0] == 2)


def declared_size(head: bytes) -> int | None:
    """Return the file size in bytes that a GLB's header contains; None if ``head`` is no such header."""
    if len(head) < HEADER_BYTES or not looks_like_glb(head):
        return None
    return int(struct.unpack_from("<I", head, 8)[0])


def has_textures(path: Path) -> bool:
    """Return whether a file is a GLB with textures. False also for what cannot be read."""
    try:
        with path.open("rb") as file:
            document, _ = parse(read_container(file, path.stat().st_size).text)
        return bool(entries(document, "textures"))
    except (GlbError, OSError):
        return False


def check(path: Path, reader: GltfReader = ANY_BLENDER) -> Verdict:
    """
    Check a GLB.

    :param path: the file.
    :param reader: capabilities of the Blender that will open it.
    :raises GlbError: Blender must not open it; the message gives the reason.
    :raises OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return _examine(file, path.stat().st_size, reader).verdict


def write_readable(path: Path, target: Path, reader: GltfReader = ANY_BLENDER) -> Verdict:
    """
    Check a GLB, and write a repaired copy if Blender cannot open the file itself. The copy is written atomically.

    :param path: the file.
    :param target: path of the copy.
    :param reader: capabilities of the Blender that will open it.
    :raises GlbError: see :func:`check`.
    :raises OSError: the file cannot be read, or the copy not written.
    """
    with path.open("rb") as file:
        found = _examine(file, path.stat().st_size, reader)
        if not found.verdict.is_as_it_is:
            write_container(file, found.container, to_text(found.document), found.data.added, target)
    return found.verdict


@contextlib.contextmanager
def readable(path: Path, reader: GltfReader = ANY_BLENDER) -> Iterator[tuple[Path, Verdict]]:
    """
    Yield the path that Blender can open: the file itself, or a temporary copy next to it.

    The copy is removed when the context ends.

    :param path: the file.
    :param reader: capabilities of the Blender that will open it.
    :raises GlbError: see :func:`check`.
    :raises OSError: the file cannot be read, or the copy not written.
    """
    _remove_left(path.parent)
    copy = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{_COPY}")
    try:
        verdict = write_readable(path, copy, reader)
        yield (path if verdict.is_as_it_is else copy), verdict
    finally:
        copy.unlink(missing_ok=True)


def _remove_left(folder: Path) -> None:
    oldest_s = time.time() - _STALE_AFTER_S
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if _COPIES.fullmatch(left.name) and left.lstat().st_mtime < oldest_s:
                remove_file(left)


@dataclass(frozen=True, slots=True)
class _Found:
    container: Container
    document: dict[str, Any]
    data: Data
    verdict: Verdict


def _examine(file: BinaryIO, size_bytes: int, reader: GltfReader) -> _Found:
    """Check a GLB, and repair its JSON in memory."""
    container = read_container(file, size_bytes)
    document, is_same = parse(container.text)
    check_references(document)
    places = check_nodes(document)
    data = lay_out(document, container)
    pictures = glb_pictures.take_in(document, data)
    changed, notes = settle_extensions(document, data, reader)
    decoded = frozenset(MESHOPT) & reader.decoded
    is_short = check_accessors(document, data, decoded)
    changed |= repair.list_roots_once(document, places)
    if reader.blender >= (5, 3):
        changed |= repair.drop_plain_extras(document)
    changed |= repair.widen_attributes(document, data, file, container.bin_offset, decoded)
    glb_pictures.put_in(document, data, pictures)
    glb_pictures.check_pictures(document, data, file, container.bin_offset, reader)
    changed |= repair.drop_addresses(document)
    is_as_it_is = is_same and container.is_exact and not (changed or is_short or pictures)
    if not is_as_it_is and data.ranges:
        merge(document, data)
    return _Found(container, document, data, Verdict(is_as_it_is, tuple(notes)))
