# SPDX-License-Identifier: GPL-3.0-or-later
"""What flows without a model make: pictures of one color, a converted file, a longer prompt. Any thread; no ``bpy``."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from . import models
from .records import Task

#: Edges of a picture in pixels.
SIDE_PX = 64
#: Colors of the pictures of one task, in this order.
COLORS = ((200, 60, 50), (60, 170, 80), (60, 90, 200), (220, 180, 60), (150, 70, 180))
#: The first bytes of a converted file, by the format that was asked for.
_BEGINNINGS = {
    "obj": b"# a stand-in\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    "fbx": b"Kaydara FBX Binary  \0\x1a\0" + bytes(200),
}


def count(task: Task) -> int:
    """Return how many pictures a task makes."""
    return int(task.params.get("image_count", 3 if task.flow_name == "model-preview-render" else 1))


def better_prompt(task: Task) -> str:
    """Return what prompt-optimization makes of a prompt."""
    return f"{task.params['prompt']}, fine detail, studio light"


def is_other_format(task: Task) -> bool:
    """Tell whether a task converts a model to another format than GLB, by the name that the add-on gives it."""
    return task.flow_name == "convert-model-format" and task.params.get("output_format", "glb") != "glb"


def content(task: Task, what: str) -> bytes | Path:
    """Return a result: "preview" (the picture of the sample), "picture-1" and so on, "converted" or "text"."""
    if what == "converted":
        return converted(str(task.params["output_format"]))
    if what == "text":
        return better_prompt(task).encode()
    if what == "preview":
        assert task.choice is not None
        return models.preview_path(task.choice.sample)
    return picture(COLORS[(int(what.rpartition("-")[2]) - 1) % len(COLORS)])


def converted(output_format: str) -> bytes:
    """Return a file of another format; what it holds is of no matter, but its first bytes are true."""
    if output_format == "usdz":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("model.usdc", b"PXR-USDC" + bytes(100))
        return packed.getvalue()
    return _BEGINNINGS.get(output_format, b"solid stand-in\nendsolid\n")


def picture(color: tuple[int, int, int]) -> bytes:
    """Return a PNG of one color."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + bytes(color) * SIDE_PX) * SIDE_PX
    head = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
