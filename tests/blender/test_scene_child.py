# SPDX-License-Identifier: GPL-3.0-or-later
"""The child Blender: how each of its ends is told, and what it is given."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.blender import glbs
from tests.waiting import eventually, is_gone
from triverse_addon import scene
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import LOG, ChildConverter
from triverse_addon.scene.worker.job_format import Job, TrialInput, TrialOutput
from triverse_addon.scene.worker.job_json import read_output, write_job
from triverse_addon.tasks.converter import ConvertError, ConvertJob, ConvertStopped, NoChildError

pytestmark = pytest.mark.usefixtures("fresh_file")

KEY = "tv-secret-0123456789"


def job_for(glb: Path, out_dir: Path) -> ConvertJob:
    return ConvertJob(glb, None, out_dir, "A blue vase")


# -----------------------------------------------------------------------------
# How it may end


def refused(glb: Path, out_dir: Path, **more) -> str:
    with pytest.raises(ConvertError) as caught:
        glbs.convert(glb, out_dir, **more)
    assert glb.exists(), "the GLB must be kept"
    assert not list(out_dir.glob(".convert-*"))
    assert not (out_dir / "model.blend").exists()
    return str(caught.value)


def test_a_corrupt_file_is_refused_in_the_importers_words(tmp_path: Path) -> None:
    glb = tmp_path / "m.glb"
    glb.write_bytes(b"glTF\x02\0\0\0" + b"\0" * 40)
    said = refused(glb, tmp_path / "out")
    assert said.startswith("Blender's glTF importer cannot read this model. It says: ")
    assert said.endswith(". The downloaded file is kept.")
    assert "Traceback" not in said
    assert "\n" not in said
    assert len(said) < 320


def test_an_accessor_out_of_range_is_refused(tmp_path: Path) -> None:
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3_000_000, "type": "VEC3", "min": [0] * 3, "max": [1] * 3}
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"byteLength": 36}],
    }
    said = refused(glbs.write_glb(tmp_path / "m.glb", document, bytes(36)), tmp_path / "out")
    assert said.startswith("Blender's glTF importer cannot read this model.")
    assert "Traceback" not in said


def test_an_extension_that_blender_lacks_is_named(tmp_path: Path) -> None:
    document = {
        "asset": {"version": "2.0"},
        "extensionsUsed": ["EXT_no_such_thing"],
        "extensionsRequired": ["EXT_no_such_thing"],
        "scenes": [{"nodes": [0]}],
        "nodes": [{}],
    }
    assert "EXT_no_such_thing" in refused(glbs.write_glb(tmp_path / "m.glb", document), tmp_path / "out")


def test_a_file_without_objects_is_refused(tmp_path: Path) -> None:
    glb = glbs.write_glb(tmp_path / "m.glb", {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{}]})
    assert refused(glb, tmp_path / "out") == "The model file holds no object. The downloaded file is kept."


def test_a_child_reaches_nothing_on_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        work = tmp_path / "work.py"
        work.write_text(
            "import sys\n"
            f"sys.path.insert(0, {str(Path(scene.__file__).parent / 'worker')!r})\n"
            "import job_loop, socket\n"
            "from job_format import TrialInput, TrialOutput\n"
            "def told(what):\n"
            "    try:\n"
            "        what()\n"
            "    except PermissionError:\n"
            "        return 'refused'\n"
            "    return 'done'\n"
            "def work(job):\n"
            f"    place = ('127.0.0.1', {listener.getsockname()[1]})\n"
            "    job_loop.write_result(job, TrialOutput(dict(\n"
            "        connect=told(lambda: socket.create_connection(place, 5)),\n"
            "        look_up=told(lambda: socket.getaddrinfo('localhost', 80)),\n"
            "        send=told(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', place))), True))\n"
            "job_loop.serve(work, TrialInput)\n"
        )
        result = tmp_path / "result.json"
        job = tmp_path / "job.json"
        job.write_text(write_job(Job(TrialInput((), True), result_path=str(result), memory_bytes=8 * 1024**3)))
        child = subprocess.Popen([sys.executable, str(work), "--", str(job)], stdin=subprocess.PIPE)
        with child:
            assert child.wait(120) == 0
        found = read_output(result.read_text(), TrialOutput)
        assert found == TrialOutput({"connect": "refused", "look_up": "refused", "send": "refused"}, can_draw=True)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_child_of_many_jobs_keeps_its_priority(tmp_path: Path) -> None:
    from triverse_addon.scene.child.converter import _MESSAGES
    from triverse_addon.scene.child.persistent_process import ChildSession

    work = tmp_path / "work.py"
    work.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(scene.__file__).parent / 'worker')!r})\n"
        "import job_loop, os\n"
        "from job_format import TrialInput, TrialOutput\n"
        "work = lambda job: job_loop.write_result(job, TrialOutput({'nice': str(os.nice(0))}, True))\n"
        "job_loop.serve(work, TrialInput)\n"
    )
    session = ChildSession([sys.executable, str(work), "--"], _MESSAGES, tmp_path, log="log", timeout_s=120.0)
    with contextlib.closing(session) as child:
        results = [child.run(TrialInput((), True), TrialOutput, tmp_path, threading.Event()) for _ in range(3)]
    found = [int(result.lacking["nice"]) for result in results]
    assert found == [max(10, os.nice(0))] * 3


def test_a_child_blender_is_started_without_network_scripts_and_add_ons(monkeypatch: pytest.MonkeyPatch) -> None:
    app = SimpleNamespace(binary_path="/somewhere/blender")
    monkeypatch.setattr("triverse_addon.scene.child.command.bpy", SimpleNamespace(app=app))
    command = child_command()
    assert command[0] == "/somewhere/blender"
    assert {"--background", "--factory-startup", "--disable-autoexec", "--offline-mode"} <= set(command)


def test_a_missing_numpy_is_told_with_the_package_that_has_it(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    without_numpy = tmp_path / "without_numpy.py"
    without_numpy.write_text(
        "import os, runpy, sys\nsys.modules['numpy'] = None\nsys.argv[:] = sys.argv[1:]\n"
        "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python, worker, dashes = child_command()
    command = (python, str(without_numpy), worker, dashes)
    with pytest.raises(ConvertError, match="python3-numpy"):
        ChildConverter(command)(job_for(glb, tmp_path / "out"), threading.Event())


def test_more_memory_than_the_cap_allows_is_told_as_such(tmp_path: Path) -> None:
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        # Without data, an accessor means zeros: 12 GB of them.
        "accessors": [{"componentType": 5126, "count": 10**9, "type": "VEC3", "min": [0] * 3, "max": [0] * 3}],
    }
    glb = glbs.write_glb(tmp_path / "m.glb", document)
    assert refused(glb, tmp_path / "out", memory_bytes=4 * 1024**3) == (
        "The model needs more memory than it may have here. The downloaded file is kept."
    )


def test_a_crash_of_the_renderer_costs_only_the_picture(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    python, worker, dashes = child_command()
    crashing = tmp_path / "crashing.py"
    crashing.write_text(
        "import os, runpy, sys\n"
        "sys.argv[:] = sys.argv[1:]\n"
        "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "import preview_render\n"
        "preview_render.draw = lambda *_: os.kill(os.getpid(), 11)\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    converter = ChildConverter((python, str(crashing), worker, dashes))
    converted = converter(job_for(glb, tmp_path / "out"), threading.Event())
    assert converted.thumbnail_path is None
    assert converted.blend_path.is_file()


def running(script: str) -> tuple[str, ...]:
    """A command that runs ``script`` in place of the child Blender."""
    return (sys.executable, "-c", script)


def test_a_crash_is_told_with_its_signal(tmp_path: Path) -> None:
    glb = tmp_path / "m.glb"
    glb.touch()
    converter = ChildConverter(running("import os; os.kill(os.getpid(), 11)"))
    with pytest.raises(ConvertError, match=r"crashed while it read this model \(SIGSEGV\)"):
        converter(job_for(glb, tmp_path / "out"), threading.Event())


def test_being_killed_by_the_system_is_told_as_out_of_memory(tmp_path: Path) -> None:
    converter = ChildConverter(running("import os; os.kill(os.getpid(), 9)"))
    with pytest.raises(ConvertError, match="memory ran out"):
        converter(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())


def test_an_end_without_answer_is_told_with_its_exit_code_and_the_log(tmp_path: Path) -> None:
    converter = ChildConverter(running("print('no such option'); raise SystemExit(7)"))
    with pytest.raises(ConvertError, match=r"exit code 7\)\. The downloaded file is kept; convert\.log"):
        converter(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())
    assert (tmp_path / "out" / LOG).read_text().strip() == "no such option"


def test_the_log_is_bounded_and_keeps_both_ends(tmp_path: Path) -> None:
    script = "print('first'); [print('x' * 99) for _ in range(20_000)]; print('last'); raise SystemExit(1)"
    with pytest.raises(ConvertError):
        ChildConverter(running(script))(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())
    log = (tmp_path / "out" / LOG).read_text()
    assert len(log) < 200_000
    assert log.startswith("first")
    assert log.rstrip().endswith("last")
    assert "bytes left out]" in log


def test_a_child_that_hangs_is_ended_after_the_time_out(tmp_path: Path) -> None:
    script = "import os, time; open('../pid', 'w').write(str(os.getpid())); time.sleep(600)"
    converter = ChildConverter(running(script), timeout_s=3.0)
    with pytest.raises(ConvertError, match=r"did not finish reading this model within 0\.1 minutes"):
        converter(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())
    assert is_gone(int((tmp_path / "out" / "pid").read_text()))


def test_stopping_ends_the_child_at_once(tmp_path: Path) -> None:
    stop = threading.Event()
    script = "import os, time; open('../pid', 'w').write(str(os.getpid())); time.sleep(600)"
    caught: list[BaseException] = []

    def work() -> None:
        try:
            ChildConverter(running(script))(job_for(tmp_path / "m.glb", tmp_path / "out"), stop)
        except ConvertStopped as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    pid_path = tmp_path / "out" / "pid"
    assert eventually(lambda: pid_path.exists() and pid_path.read_text())
    stop.set()
    thread.join(timeout=60)
    assert len(caught) == 1
    assert is_gone(int(pid_path.read_text()))
    assert not list((tmp_path / "out").glob(".convert-*"))


def test_a_child_leaves_when_the_blender_that_started_it_is_killed(tmp_path: Path) -> None:
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("geometry_0"))
    # The child stands still after it has begun to watch; only the end of its parent can end it.
    stuck = tmp_path / "stuck.py"
    stuck.write_text(
        "import os, runpy, sys, time, types\n"
        "sys.argv[:] = sys.argv[1:]\n"
        "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "worker = runpy.run_path(sys.argv[0])\n"
        "worker['job_loop'].watch_parent()\n"
        "open('../pid', 'w').write(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    python, worker, dashes = child_command()
    parent_script = (
        "import sys, threading, pathlib\n"
        "from triverse_addon.scene.child.converter import ChildConverter\n"
        "from triverse_addon.tasks.converter import ConvertJob\n"
        f"job = ConvertJob(pathlib.Path({str(glb)!r}), None, pathlib.Path({str(tmp_path / 'out')!r}), 'x')\n"
        f"ChildConverter({(python, str(stuck), worker, dashes)!r})(job, threading.Event())\n"
    )
    import subprocess

    parent = subprocess.Popen([sys.executable, "-c", parent_script], cwd=Path(__file__).parents[2])
    pid_path = tmp_path / "out" / "pid"
    try:
        assert eventually(lambda: pid_path.exists() and pid_path.read_text())
    finally:
        parent.kill()
        parent.wait()
    assert eventually(lambda: is_gone(int(pid_path.read_text())))


def test_no_command_or_no_such_program_means_no_child(tmp_path: Path) -> None:
    for command in ((), (str(tmp_path / "no-blender"),)):
        with pytest.raises(NoChildError):
            ChildConverter(command)(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    with pytest.raises(ConvertError, match=r"cannot be written: .*Make room, then press Retry"):
        ChildConverter(child_command())(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())


# -----------------------------------------------------------------------------
# What the child is given


def test_the_child_sees_no_key_and_nothing_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVERSE_API_KEY", KEY)
    monkeypatch.setenv("SOMETHING_ELSE", f"header {KEY}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    monkeypatch.setenv("https_proxy", "http://user:pass@proxy")
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", str(tmp_path))
    monkeypatch.setenv("HARMLESS", "not kept")
    script = (
        "import json, os, sys; "
        "open('../seen', 'w').write(json.dumps([dict(os.environ), sys.argv, open(sys.argv[-1]).read()]))"
    )
    with pytest.raises(ConvertError):
        ChildConverter(running(script))(job_for(tmp_path / "m.glb", tmp_path / "out"), threading.Event())
    seen = (tmp_path / "out" / "seen").read_text()
    assert KEY not in seen
    assert "user:pass" not in seen
    assert "AWS_SECRET" not in seen
    assert "BLENDER_USER_SCRIPTS" not in seen
    assert "HARMLESS" not in seen
