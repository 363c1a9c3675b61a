# SPDX-License-Identifier: GPL-3.0-or-later
"""
Scripts in a real window, beside the panel: nothing blocks, functions come on the main thread, one list for all.

One window serves all tests here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.cache import REPO
from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender, BlenderWindow
from tests.gui.panel import COLLECTIONS, SESSION, connected
from tests.service.server import StandIn

OPEN = """
import bpy, importlib, threading
ADDON = next(one for one in bpy.context.preferences.addons.keys() if one.endswith(".triverse"))
scripting = importlib.import_module(f"{ADDON}.scripting")
triverse = scripting.open()
"""
SEEN = "bpy.app.driver_namespace.get('seen', [])"


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with StandIn(speed=20, samples=("1k",)) as standin:
        yield standin


@pytest.fixture(scope="module")
def window(
    blender: Blender, narrow_template: Path, tmp_path_factory: pytest.TempPathFactory, service: StandIn
) -> Iterator[BlenderWindow]:
    folder = tmp_path_factory.mktemp("scripting")
    home = copy_profile(narrow_template, folder / "home")
    with BlenderWindow(blender, folder / "window", home=home, env=connected(service), shares=[folder]) as opened:
        opened.run("bpy.context.preferences.system.use_online_access = True")
        yield opened


def test_a_wait_is_refused_with_what_to_use_instead(window: BlenderWindow) -> None:
    said = window.run(
        OPEN
        + """
result = []
task = triverse.generate(prompt="a chair that nobody waits for", polygon_limit=1000)
for call in (task.wait, triverse.balance, triverse.quote):
    try:
        call()
    except scripting.WouldBlockError as error:
        result.append(str(error))
"""
    )
    assert [line.rpartition("Use ")[2] for line in said] == [
        "on_done() there.",
        "ask_balance() there.",
        "ask_quote() there.",
    ]


def test_functions_come_on_the_main_thread_and_import(window: BlenderWindow) -> None:
    window.run(
        OPEN
        + """
seen = bpy.app.driver_namespace["seen"] = []
on_main = lambda: threading.current_thread() is threading.main_thread()
def handler(task, collection):
    collection.name = "prp_" + collection.name
scripting.on_imported.append(handler)
def done(task):
    scene = bpy.context.window_manager.windows[0].scene
    seen.append(("done", on_main(), task.import_into(scene, at=(1.0, 2.0, 0.0)).name))
triverse.ask_balance(lambda answer: seen.append(("balance", on_main(), answer.balance)))
task = triverse.generate(prompt="a script's chair", polygon_limit=1000)
task.on_change(lambda task: seen.append((str(task.stage), on_main(), task.progress))).on_done(done)
"""
    )
    window.wait_for(f"any(one[0] == 'done' for one in {SEEN})")
    seen = window.value(SEEN)
    assert all(is_main for _, is_main, _ in seen)
    assert {"balance", "ready", "done"} <= {what for what, _, _ in seen}
    assert seen[-1][2] == "prp_a script's chair"
    assert "prp_a script's chair" in window.value(COLLECTIONS)
    # What the handler has done is part of the undo step of the import.
    window.run("with override(): bpy.ops.ed.undo()")
    assert window.value(COLLECTIONS) == []
    window.run("with override(): bpy.ops.ed.redo()")
    assert window.value(COLLECTIONS) == ["prp_a script's chair"]


def test_the_panels_imports_go_through_the_handlers_too(window: BlenderWindow) -> None:
    window.run(
        "with override(): bpy.ops.triverse.generate(flow='text-to-model', prompt='a lamp by key', polygon_limit=1000)"
    )
    window.wait_for(f"'prp_a lamp by key' in {COLLECTIONS}")


def test_a_script_of_another_process_works_on_the_same_list(window: BlenderWindow, service: StandIn) -> None:
    data = window.value(f"str({SESSION}.engine.settings.data_dir)")
    paid = len(service.state.charged())
    code = f"""
from triverse_addon import scripting
with scripting.open(data={data!r}) as triverse:
    print(len(triverse.tasks(search="a lamp by key")))
    print(triverse.generate(prompt="from outside", polygon_limit=1000).wait().files.model)
"""
    environment = os.environ | {"TRIVERSE_API_KEY": service.key, "TRIVERSE_API_URL": service.url}
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0] == "1"
    window.wait_for(f"any(one.name == 'from outside' and one.has_model for one in {SESSION}.engine.tasks())")
    assert len(service.state.charged()) == paid + 1


def test_the_handler_of_the_startup_folder_is_there_in_a_file_that_blender_is_started_with(
    blender: Blender, narrow_template: Path, tmp_path: Path
) -> None:
    home = copy_profile(narrow_template, tmp_path / "home")
    (startup_file,) = home.rglob("startup.blend")
    scene = shutil.copy(startup_file, tmp_path / "scene.blend")
    scripts = startup_file.parents[1] / "scripts" / "startup"
    scripts.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPO / "docs" / "examples" / "on_import.py", scripts)
    with BlenderWindow(blender, tmp_path / "window", home=home, arguments=[scene], shares=[tmp_path]) as opened:
        assert opened.value("bpy.data.filepath") == str(scene)
        names = "[one.__name__ for one in __import__('sys').modules[name].on_imported]"
        module = "bl_ext.user_default.triverse.scripting"
        opened.wait_for(f"name in __import__('sys').modules and {names}", name=module, limit_s=20)
        assert opened.value(names, name=module) == ["follow_our_rules"]
