# SPDX-License-Identifier: GPL-3.0-or-later
"""A real child Blender that waits for its model: what it makes, how it ends, and which pictures it takes for good."""

from __future__ import annotations

import random
import signal
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from tests.blender.test_scene_child import eventually, is_gone
from tests.service import models
from triverse_addon.scene.child import ready_process
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import LOG, ChildConverter
from triverse_addon.scene.worker.picture_proof import is_readable
from triverse_addon.tasks.converter import Converted, ConvertError, ConvertJob, ExpectedFiles, Missing

pytestmark = pytest.mark.usefixtures("fresh_file")


@pytest.fixture(scope="module", autouse=True)
def samples() -> None:
    models.ensure(["1k", "20k"])


@pytest.fixture(autouse=True)
def enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready_process, "_has_memory", lambda: True)


def test_what_waited_converts_one_model_and_says_what_any_other_does(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    converter, stop, work = ChildConverter(child_command()), threading.Event(), tmp_path / "work"
    cold = converter(ConvertJob(glb, None, tmp_path / "cold", "A blue vase"), stop)
    converter.expect_job(work)
    (folder,) = work.glob(".convert-*")
    # Without a picture of the service's, the answer is complete only when one is drawn.
    early = converter(ConvertJob(glb, None, tmp_path / "early", "A blue vase"), stop)
    assert early.thumbnail_path is not None
    assert early.thumbnail_path.is_file()
    assert (early.collection_name, early.triangles, early.objects, early.missing) == (
        cold.collection_name,
        cold.triangles,
        cold.objects,
        cold.missing,
    )
    # A file that cannot be used is told in the same words, and the next model meets another child.
    (tmp_path / "bad.glb").write_bytes(b"glTF\x02\0\0\0" + b"\0" * 40)
    converter.expect_job(work)
    with pytest.raises(ConvertError, match=r"Blender's glTF importer cannot read this model\. It says: "):
        converter(ConvertJob(tmp_path / "bad.glb", None, tmp_path / "bad", "x"), stop)
    converter.expect_job(work)
    assert not folder.exists() or folder not in list(work.glob(".convert-*"))
    converter.close()
    assert list(work.iterdir()) == []
    assert (tmp_path / "early" / LOG).is_file()
    assert (tmp_path / "bad" / LOG).is_file()


def test_what_was_worked_on_ahead_changes_nothing(tmp_path: Path) -> None:
    glb, preview = models.glb_path("1k"), models.preview_path("1k")
    converter, stop, work = ChildConverter(child_command()), threading.Event(), tmp_path / "work"
    cold = converter(ConvertJob(glb, preview, tmp_path / "cold", "A vase"), stop)
    out = tmp_path / "early"
    out.mkdir()
    part, content = out / ".model.glb.part", glb.read_bytes()
    converter.expect_job(work)
    converter.prepare(ExpectedFiles(part, preview, out))
    with part.open("wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        file.write(content[len(content) // 2 :])
    part.replace(out / "model.glb")
    early = converter(ConvertJob(out / "model.glb", preview, out, "A vase"), stop)
    assert early.missing == cold.missing
    assert early.thumbnail_path is not None
    assert cold.thumbnail_path is not None
    assert early.thumbnail_path.read_bytes() == cold.thumbnail_path.read_bytes()
    assert preview_of(early) == preview_of(cold)
    assert any(preview_of(early))


def test_a_preview_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    glb = models.glb_path("1k")
    converter, stop, work = ChildConverter(child_command()), threading.Event(), tmp_path / "work"
    preview, other, out = tmp_path / "preview.png", models.preview_path("20k"), tmp_path / "out"
    preview.write_bytes(models.preview_path("1k").read_bytes())
    converter.expect_job(work)
    converter.prepare(ExpectedFiles(out / ".model.glb.part", preview, out))
    cold = converter(ConvertJob(glb, other, tmp_path / "cold", "A vase"), stop)  # in another child
    preview.write_bytes(other.read_bytes())
    early = converter(ConvertJob(glb, preview, out, "A vase"), stop)
    assert early.thumbnail_path is not None
    assert cold.thumbnail_path is not None
    assert early.thumbnail_path.read_bytes() == cold.thumbnail_path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing", b"<html>"])
def test_a_preview_that_cannot_be_read_ahead_costs_nothing(content: bytes, tmp_path: Path) -> None:
    converter, out = ChildConverter(child_command()), tmp_path / "out"
    preview = tmp_path / "preview.png"
    preview.write_bytes(content)
    converter.expect_job(tmp_path / "work")
    converter.prepare(ExpectedFiles(out / ".model.glb.part", preview, out))
    made = converter(ConvertJob(models.glb_path("1k"), preview, out, "A vase"), threading.Event())
    assert made.blend_path.is_file()
    assert made.missing == Missing(of_meshes=made.missing.of_meshes, of_triangles=made.missing.of_triangles)


def preview_of(converted: Converted) -> list[float]:
    with bpy.data.libraries.load(str(converted.blend_path), link=False) as (inside, wanted):
        wanted.collections = inside.collections
    (collection,) = wanted.collections
    assert collection.preview is not None
    return list(collection.preview.image_pixels_float)


def test_one_that_waits_leaves_with_the_blender_that_started_it(tmp_path: Path) -> None:
    work = tmp_path / "work"
    parent_script = (
        "import pathlib, time\n"
        "from triverse_addon.scene.child import ready_process\n"
        "from triverse_addon.scene.child.converter import ChildConverter\n"
        "ready_process._has_memory = lambda: True\n"
        f"converter = ChildConverter({child_command()!r})\n"
        f"converter.expect_job(pathlib.Path({str(work)!r}))\n"
        "print(converter._child._waiting.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_script], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert eventually(lambda: is_gone(pid))
    assert not list(work.glob(".convert-*")), "its folder goes with it"


# -----------------------------------------------------------------------------
# Pictures


def blender_reads(path: Path) -> bool:
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        image.pack()
        return min(image.size) > 0
    except RuntimeError:
        return False
    finally:
        bpy.data.images.remove(image)


def png_of(choose: random.Random) -> bytes:
    """A PNG of any kind and size, whole or not: what is declared need not be what is there."""
    colour, depth = choose.choice(((0, 8), (0, 1), (2, 8), (2, 16), (3, 8), (3, 2), (4, 8), (6, 8), (6, 16)))
    width, height = choose.randrange(1, 40), choose.randrange(1, 40)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row_bytes = (width * samples * depth + 7) // 8
    rows = b"".join(bytes([choose.randrange(5)]) + choose.randbytes(row_bytes) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height + choose.choice((0, 0, 0, 1)), depth, colour, 0, 0, 0)
    palette = [(b"PLTE", choose.randbytes(3 * choose.randrange(1, 257)))] if colour == 3 else []
    more = [(b"tRNS", choose.randbytes(choose.randrange(9))), (b"gAMA", choose.randbytes(4)), (b"iCCP", b"x\0\0abc")]
    chunks = [(b"IHDR", head), *palette, *choose.sample(more, choose.randrange(3)), (b"IDAT", zlib.compress(rows))]
    if choose.randrange(6) == 0:
        choose.shuffle(chunks)
    made = [
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in [*chunks, (b"IEND", b"")]
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def test_blender_reads_whatever_is_taken_for_readable(tmp_path: Path) -> None:
    choose = random.Random(1)
    path = tmp_path / "picture.png"
    proven = 0
    for _ in range(300):
        data = png_of(choose)
        if is_readable(data):
            path.write_bytes(data)
            proven += 1
            assert blender_reads(path), data.hex()
    assert 150 < proven < 290
