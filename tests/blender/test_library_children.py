# SPDX-License-Identifier: GPL-3.0-or-later
"""
The children of a batch: used again, replaced when they end, apart from each other.

One: ``python scripts/test.py tests/blender/test_library_children.py``.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from tests.blender.test_library import write
from tests.blender.test_written_blend import blocks
from tests.service import models
from tests.waiting import eventually, is_gone
from triverse_addon.batch.library.asset_writer import BLENDER
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.converter import ConvertError, ConvertNoRoomError, ConvertStopped, NoChildError

pytestmark = pytest.mark.usefixtures("fresh_file")

#: Runs the worker with changes; each child notes its process id.
WRAPPER = """
import os, runpy, sys
sys.argv[:] = sys.argv[1:]
here = os.path.dirname(sys.argv[0])
sys.path.insert(0, here)
with open({pids!r}, "a") as file:
    print(os.getpid(), file=file)
{changes}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Children:
    """A writer whose children can be counted, and changed by a few lines of Python."""

    def __init__(self, folder: Path, changes: str = "", **options: object) -> None:
        self._pids = folder / "pids"
        self._pids.touch()
        wrapper = folder / "wrapper.py"
        wrapper.write_text(WRAPPER.format(pids=str(self._pids), changes=changes))
        python, worker, dashes = child_command("library_worker")
        self.work_dir = folder / "work"
        self.writer = ChildAssetWriter((python, str(wrapper), worker, dashes), self.work_dir, **options)  # type: ignore[arg-type]

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in self._pids.read_text().split()]


@pytest.fixture
def glb(tmp_path: Path) -> Path:
    return glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("g", material=glbs.textured()))


def write_pictured(writer: ChildAssetWriter, library: Path, glb: Path) -> None:
    """Write one model with a picture that is there: to draw one takes half a second of the processor."""
    write(writer, library, glb, preview_path=models.preview_path("1k"))


def test_one_child_does_many_jobs_and_nothing_is_left_of_the_one_before(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path)
    try:
        assets = [write(children.writer, tmp_path / f"library-{number}", glb) for number in range(1)]
        assets += [write(children.writer, tmp_path / "library-0", glb) for _ in range(2)]
    finally:
        children.writer.close()
    assert len(children.pids) == 1
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "library-0" / assets[-1].files["blend"]))
    assert [len(bpy.data.collections), len(bpy.data.meshes), len(bpy.data.materials)] == [1, 1, 1]
    assert eventually(lambda: is_gone(children.pids[0]))
    assert not list(children.work_dir.glob(".convert-*"))


#: What our own check lets through, and Blender's importer does not take.
REFUSE_BAD = (
    "import gltf_import\nread = gltf_import.read\n"
    "def refuse(path, *more):\n"
    "    if 'bad' in os.path.basename(path): raise gltf_import.RefusedError('unreadable', 'no')\n"
    "    return read(path, *more)\n"
    "gltf_import.read = refuse\n"
)
#: Notes each file that Blender has loaded.
NOTE_LOADS = """
import bpy
@bpy.app.handlers.persistent
def note(_file):
    with open({loads!r}, "a") as file:
        print(os.getpid(), file=file)
bpy.app.handlers.load_post.append(note)
"""


def test_no_file_is_loaded_for_the_next_model_and_yet_it_is_as_in_a_child_of_its_own(tmp_path: Path, glb: Path) -> None:
    def build() -> None:
        glbs.sphere("other", material=glbs.textured())
        bpy.context.scene.objects[0].keyframe_insert("location")
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN")))
        for number in range(3):
            glbs.sphere(f"part {number}", material=bpy.data.materials.new(f"other {number}"))

    other = glbs.export(tmp_path / "other.glb", build)
    bad = tmp_path / "bad.glb"
    bad.write_bytes(other.read_bytes())
    picture = models.preview_path("1k")
    loads = tmp_path / "loads"
    found = []
    for name, before, loaded in (("alone", (), 1), ("after", (other, other), 1), ("failed", (other, bad), 2)):
        (tmp_path / name).mkdir()
        loads.unlink(missing_ok=True)
        children = Children(tmp_path / name, REFUSE_BAD + NOTE_LOADS.format(loads=str(loads)))
        library = tmp_path / name / "library"
        try:
            for model in before:
                with contextlib.suppress(ConvertError):
                    write(children.writer, library, model, preview_path=picture)
            asset = write(children.writer, library, glb, preview_path=picture)
        finally:
            children.writer.close()
        assert loads.read_text().split() == [str(children.pids[-1])] * loaded
        path = library / asset.files["blend"]
        bpy.ops.wm.open_mainfile(filepath=str(path))
        found.append((blocks(path), sorted((block.id_type, block.name) for block in bpy.data.user_map())))
    assert found[1:] == found[:1] * 2


def test_the_child_that_was_tried_writes_the_first_models(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path, timeout_s=300.0)
    try:
        assert children.writer.try_out(("glb",), threading.Event()) == {}
        asset = write(children.writer, tmp_path / "library", glb)
        (session,) = children.writer._idle
        assert session._timeout_s == 300.0, "the trial's own limit is gone"
    finally:
        children.writer.close()
    assert len(children.pids) == 1
    # Nothing of the trial is in the model's file.
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "library" / asset.files["blend"]))
    names = [
        one.name
        for kind in ("objects", "meshes", "materials", "images", "collections")
        for one in getattr(bpy.data, kind)
    ]
    assert names
    assert not [name for name in names if "trial" in name.lower()]
    assert len(bpy.data.scenes) == 1


def test_what_is_said_of_the_trial_is_not_said_of_the_models(tmp_path: Path, glb: Path) -> None:
    crash = "import gltf_import\nread = gltf_import.read\n"
    crash += (
        "gltf_import.read = lambda path, *more: os.kill(os.getpid(), 11) if 'm.glb' in path else read(path, *more)\n"
    )
    children = Children(tmp_path, crash)
    try:
        assert children.writer.try_out((), threading.Event()) == {}
        with pytest.raises(ConvertError, match="crashed while it worked on this model"):
            write(children.writer, tmp_path / "library", glb)
        found = Children(tmp_path, "sys.exit(7)").writer.try_out((), threading.Event())
    finally:
        children.writer.close()
    assert "Nothing was sent" in str(found[BLENDER])


def test_a_child_makes_room_after_some_jobs(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path, jobs_per_child=2)
    try:
        for _ in range(3):
            write_pictured(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert len(children.pids) == 2


def test_two_at_once_have_a_child_each(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path)
    threads = [
        threading.Thread(target=write_pictured, args=(children.writer, tmp_path / f"library-{number}", glb))
        for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    children.writer.close()
    assert len(children.pids) == 2
    assert all((tmp_path / f"library-{number}" / "vase.blend").is_file() for number in range(2))


def test_a_refusal_does_not_end_the_child(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path, REFUSE_BAD)
    bad = tmp_path / "bad.glb"
    bad.write_bytes(glb.read_bytes())
    try:
        with pytest.raises(ConvertError, match="cannot read this model"):
            write_pictured(children.writer, tmp_path / "library", bad)
        write_pictured(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert len(children.pids) == 1


def test_a_crash_is_tried_once_more_in_a_new_child(tmp_path: Path, glb: Path) -> None:
    once = tmp_path / "crashed"
    crash = f"import gltf_import\nif not os.path.exists({str(once)!r}):\n    open({str(once)!r}, 'w').close()\n"
    children = Children(tmp_path, crash + "    gltf_import.read = lambda *_: os.kill(os.getpid(), 11)\n")
    try:
        write_pictured(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert len(children.pids) == 2


def test_a_crash_of_the_renderer_costs_only_the_picture(tmp_path: Path, glb: Path) -> None:
    children = Children(tmp_path, "import preview_render\npreview_render.draw = lambda *_: os.kill(os.getpid(), 11)\n")
    try:
        asset = write(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert "thumbnail" not in asset.files
    assert (tmp_path / "library" / "vase.blend").is_file()


def test_a_model_that_crashes_every_child_is_told_and_the_next_goes_on(tmp_path: Path, glb: Path) -> None:
    changes = (
        "import gltf_import\nread = gltf_import.read\n"
        "gltf_import.read = lambda path, *more: os.kill(os.getpid(), 11) if 'evil' in path else read(path, *more)\n"
    )
    children = Children(tmp_path, changes)
    evil = tmp_path / "evil.glb"
    evil.write_bytes(glb.read_bytes())
    try:
        with pytest.raises(ConvertError, match=r"crashed while it worked on this model \(SIGSEGV\)") as caught:
            write_pictured(children.writer, tmp_path / "library", evil)
        write_pictured(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert len(children.pids) == 3
    logs = list(children.work_dir.glob("child-*.log"))
    assert any(log.name in str(caught.value) for log in logs)


def test_a_child_that_hangs_is_ended(tmp_path: Path, glb: Path) -> None:
    children = Children(
        tmp_path, "import gltf_import, time\ngltf_import.read = lambda *_: time.sleep(600)\n", timeout_s=5.0
    )
    try:
        with pytest.raises(ConvertError, match=r"did not finish this model within 0\.1 minutes"):
            write(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
    assert all(eventually(lambda pid=pid: is_gone(pid)) for pid in children.pids)


def test_stopping_ends_the_child_at_once(tmp_path: Path, glb: Path) -> None:
    begun = tmp_path / "begun"
    changes = f"import gltf_import, time\ngltf_import.read = lambda *_: [open({str(begun)!r}, 'w'), time.sleep(600)]\n"
    children = Children(tmp_path, changes)
    caught: list[BaseException] = []
    stop = threading.Event()

    def work() -> None:
        from triverse_addon.batch.library.asset_writer import AssetJob

        (tmp_path / "library").mkdir()
        try:
            children.writer(AssetJob(glb, None, tmp_path / "library", "vase", "Vase"), stop)
        except ConvertStopped as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert eventually(begun.exists)
    stop.set()
    thread.join(timeout=60)
    children.writer.close()
    assert len(caught) == 1
    assert eventually(lambda: is_gone(children.pids[0]))


def test_no_child_can_be_started(tmp_path: Path, glb: Path) -> None:
    with pytest.raises(NoChildError):
        write(ChildAssetWriter((str(tmp_path / "no-blender"),), tmp_path / "work"), tmp_path / "library", glb)


FULL = """
import blend_file, errno
def write(*_):
    raise OSError(errno.ENOSPC, "of the child")
blend_file.write = write
"""


def test_a_full_disk_is_told_apart(tmp_path: Path, glb: Path) -> None:
    """It ends a batch: no other model could be written either."""
    children = Children(tmp_path, FULL)
    try:
        with pytest.raises(ConvertNoRoomError, match="cannot be written: No space left on device"):
            write_pictured(children.writer, tmp_path / "library", glb)
    finally:
        children.writer.close()
