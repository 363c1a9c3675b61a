# SPDX-License-Identifier: GPL-3.0-or-later
"""
A store full of finished tasks, as years of work would leave it, for tests and benchmarks.

No floor (development only). Never imports ``bpy``.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from triverse_addon.tasks.record.record import Origin, Stage, TaskRecord, new_id
from triverse_addon.tasks.store.store import Store

#: When the newest of them was made, in seconds since the epoch; each of the others an hour before the next.
NEWEST_S = 1.7e9

_COLOURS = {"red": (200, 60, 50), "blue": (60, 90, 200), "green": (70, 160, 80), "golden": (220, 180, 70)}
_STYLES = ("old", "small", "broken", "carved", "mossy", "painted", "gothic")
_THINGS = ("chair", "table", "well", "dragon", "rowing boat", "vase", "lamp", "knight", "castle", "oak tree", "clock")
#: Of 20 tasks: what became of them.
_ENDS = [Stage.IMPORTED] * 17 + [Stage.READY, Stage.FAILED, Stage.CANCELLED]


def data_folder(home: Path) -> Path:
    """Where the extension of the user whose home this is keeps its store."""
    (installed,) = home.rglob("extensions/user_default/triverse")
    return installed.parents[1] / ".user" / "user_default" / "triverse"


def fill(folder: Path, count: int, ready: int | None = None) -> list[TaskRecord]:
    """Put so many finished tasks into the store of ``folder``, each with a thumbnail; the newest first.

    One of 20 has failed, one was cancelled, and one is ready, or so many in all as ``ready`` says; the others are
    imported. Names are like "old red chair 7".
    """
    records = list(_records(folder, count, ready))
    store = Store(folder)
    try:
        # In one transaction, and many times as fast as one by one.
        store.take_in((record, ()) for record in records)
    finally:
        store.close()
    return records


def _records(folder: Path, count: int, ready: int | None) -> Iterator[TaskRecord]:
    pictures = {name: _picture(folder / f"{name}.png", colour) for name, colour in _COLOURS.items()}
    kinds = itertools.cycle(itertools.product(_THINGS, _COLOURS, _STYLES))
    for number, (thing, colour, style) in zip(range(1, count + 1), kinds, strict=False):
        name = f"{style} {colour} {thing} {number}"
        stage = _ENDS[number % len(_ENDS)]
        if ready is not None:
            # Spread evenly over all the years.
            is_ready = number * ready // count > (number - 1) * ready // count
            stage = Stage.READY if is_ready else Stage.IMPORTED if stage is Stage.READY else stage
        yield TaskRecord(
            id=new_id(),
            flow="text-to-model",
            name=name,
            stage=stage,
            params={"prompt": f"A {name}, on a white background", "polygon_limit": 50_000},
            client_order_id=new_id(),
            task_uuid=f"00000000-0000-4000-8000-{number:012}",
            created_at_s=NEWEST_S - number * 3600,
            cost_credits=20 + number % 100,
            auto_import=False,
            origin=Origin("long ago", f"/somewhere/file {number % 50}.blend", f"scene {number % 50}", "Scene"),
            thumbnail_path=str(pictures[colour]) if stage in (Stage.IMPORTED, Stage.READY) else "",
        )


def _picture(path: Path, colour: tuple[int, int, int]) -> Path:
    """Write a PNG of 256 px: a disc of one colour on a dark ground."""
    ground = bytes((40, 40, 40))
    lines = []
    for y in range(256):
        half = int(max(0, 100**2 - (y - 128) ** 2) ** 0.5)
        lines.append(b"\0" + ground * (128 - half) + bytes(colour) * (2 * half) + ground * (128 - half))
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path
