# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run where and in which order, and which of them a quick run takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from scripts._dev import layers, line_recorder, timings, touched, version_cover
from scripts._dev.cache import REPO
from scripts._dev.layers import LAYERS, Request, Result, _own_paths, in_order, plain_tests


def _files(paths: list[str]) -> set[Path]:
    found: set[Path] = set()
    for text in paths:
        path = REPO / text
        found |= set(path.rglob("test_*.py")) if path.is_dir() else {path}
    return found


def test_every_test_file_runs_in_some_layer() -> None:
    run = {file for layer in LAYERS.values() if layer.name != "lint" for file in _files(_own_paths(layer))}
    assert run == set((REPO / "tests").rglob("test_*.py"))


def test_one_blender_runs_everything_and_the_others_the_part() -> None:
    """The oldest and the newest are among the others; one that is asked for alone runs everything."""
    bpy = [name for name in LAYERS if name.startswith("bpy-")]
    assert {f"bpy-{version}" for version in layers.WHOLE_FIRST} == set(bpy)
    assert len(bpy) == 5
    whole = layers.whole_layer(["plain", *bpy])
    assert whole in bpy
    for name in bpy:
        assert layers.whole_layer(["lint", name]) in (name, "")
    assert layers.whole_layer(layers.FAST) in layers.FAST
    assert layers.whole_layer(["plain"]) == ""


def test_only_a_whole_run_leaves_tests_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def run(layer: layers.Layer, request: Request, *, extra: tuple[str, ...] = (), **_rest: object) -> Result:
        asked.append(tuple(word.partition("=")[0] for word in extra))
        return Result(layer.name, failed=1)  # without a record there is nothing to check

    monkeypatch.setattr(layers, "_pytest", run)
    for name in ("bpy-4.2.23", "bpy-5.0.1", "bpy-5.2.3"):
        for narrowed in (
            Request(["tests/blender"], "", False),
            Request([], "drop", False),
            Request([], "", False, True),
        ):
            LAYERS[name].run(LAYERS[name], narrowed)
        LAYERS[name].run(LAYERS[name], Request([], "", False, whole=name))
        LAYERS[name].run(LAYERS[name], Request([], "", False, whole="bpy-5.3.0"))
    narrowed_and_whole = [(), (), (), (), ("--version-part",)]
    assert asked == [*narrowed_and_whole, *narrowed_and_whole, (), (), (), ("--record-lines",), ("--version-part",)]


def test_ci_must_run_the_whole_suite_on_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "IN_CI", True)
    layer = layers.Layer("bpy-5.2.3", ("blender",), lambda: "It is not here.", LAYERS["lint"].run, needed_in_ci=False)
    for whole, failed in (("bpy-5.2.3", 1), ("bpy-5.0.1", 0)):
        result = layers._run_one(layer, Request([], "", True, whole=whole), threading.Lock())
        assert (result.failed, result.not_run) == (failed, "It is not here.")


def test_what_some_versions_leave_out_exists_and_is_not_about_versions() -> None:
    alike = version_cover.left_out()
    assert alike
    for test in alike:
        assert version_cover.exists(test), test
        assert not version_cover.on_every_version(test), test
    for file in version_cover.ABOUT_VERSIONS:
        assert (version_cover.SUITE / file).exists(), file


def test_what_asks_for_the_version_is_found_through_fixtures_and_names() -> None:
    source = """import bpy
NEW = bpy.app.version >= (5, 0)
class Scripts:
    def run(self):
        return NEW
@pytest.fixture
def scripts():
    return Scripts()
def test_by_fixture(scripts): ...
def test_by_itself():
    assert bpy.app.version
def test_alike(tmp_path):
    pass
"""
    asking = version_cover.asking_for_the_version
    assert asking(source) == {"NEW", "Scripts", "scripts", "test_by_fixture", "test_by_itself"}
    around = "@pytest.fixture(autouse=True)\ndef around(): assert NEW\n"
    assert asking(source + around) >= {"test_alike"}
    assert version_cover.on_every_version("test_ui_choices.py::test_a_preset_of_another_version_gives_what_it_can")
    assert not version_cover.on_every_version("test_cli.py::test_ctrl_c_in_a_conversion")


def test_only_functions_that_have_blender_in_their_hands_count() -> None:
    source = """import bpy
class A(bpy.types.Panel):
    def draw(self, other):
        first = 1
def asked():
    return bpy.app.version
def drawn(layout):
    return 2
def told(scene: "bpy.types.Scene"):
    return 3
def plain(record):
    return 4
"""
    assert line_recorder.counted_lines(source) == {4, 6, 8, 10}
    assert line_recorder.counted_lines(source, every_function=True) == {4, 6, 8, 10, 12}


def _ran(**lines: str) -> version_cover.Record:
    """``a="12"``: the test a runs the lines 1 and 2 of a module. Each takes a second."""
    return {test: version_cover.Ran(1.0, {("m.py", int(line)) for line in text}) for test, text in lines.items()}


def test_a_line_that_a_kept_test_runs_is_not_missed() -> None:
    record = _ran(a="123", b="2", c="34")
    assert version_cover.missed(record, ["a"]) == {("m.py", 1): ["a"]}
    # What two tests run that are both left out, both are told.
    assert version_cover.missed(record, ["a", "b"]) == {("m.py", 1): ["a"], ("m.py", 2): ["a", "b"]}
    assert version_cover.missed(record, ["b", "gone"]) == {}


def test_cases_for_which_others_stand_are_recorded_as_a_test_of_their_own() -> None:
    nodeid = "tests/blender/test_fit.py::test_a[one]"
    rest = version_cover.as_rest(nodeid)
    assert rest != nodeid
    assert version_cover.test_of(nodeid) == "test_fit.py::test_a"
    assert version_cover.is_rest(version_cover.test_of(rest))
    assert not version_cover.is_rest(version_cover.test_of(nodeid))


def test_the_cheapest_tests_that_run_every_line_are_chosen() -> None:
    record = _ran(dear="1234", one="12", other="34", always="5", little="1", nothing="")
    always = frozenset({"always"})
    assert version_cover.choose([record], always) == {"dear", "always"}
    record["dear"].seconds = 60.0
    assert version_cover.choose([record], always) == {"one", "other", "always"}
    # What only runs in one of two records is wanted too.
    assert version_cover.choose([record, _ran(little="6")], always) == {"one", "other", "little", "always"}
    # What a later choice makes needless is given up.
    assert version_cover.choose([_ran(a="123", b="1245", c="36")], frozenset()) == {"b", "c"}


def test_a_record_names_what_each_process_ran(tmp_path: Path) -> None:
    module = "scene/worker/job_loop.py"
    line = min(line_recorder.lines_of(module))
    (tmp_path / "tests.json").write_text(json.dumps([["tests/blender/test_a.py::test_b[1]", 1.0]] * 2))
    (tmp_path / "lines").write_text(f"0 {module} {line}\n1 {module} {line}\n0 {module} 1\n7 {module} {line}\n")
    assert version_cover.read(tmp_path) == {"test_a.py::test_b": version_cover.Ran(2.0, {(module, line)})}
    assert version_cover.check(tmp_path) == ""


def test_a_line_that_only_a_test_left_out_runs_is_named(tmp_path: Path) -> None:
    module, alike = "scene/worker/job_loop.py", min(version_cover.left_out())
    line = min(line_recorder.lines_of(module))
    (tmp_path / "tests.json").write_text(json.dumps([[f"tests/blender/{alike}", 1.0]]))
    (tmp_path / "lines").write_text(f"0 {module} {line}\n")
    problem = version_cover.check(tmp_path)
    assert f"{module}:{line}: " in problem
    assert alike in problem


# ---------------------------------------------------------------------------------------------------------------------
# Order, memory and account


def test_the_longest_layers_start_first_after_lint() -> None:
    names = ["package", "lint", "bpy-5.0.1", "window-BLENDER", "plain"]
    seconds = {"package": 200.0, "lint": 12.0, "bpy-5.0.1": 600.0, "plain": 1280.0}
    assert in_order(names, seconds) == ["lint", "window-BLENDER", "plain", "bpy-5.0.1", "package"]


def test_every_layer_of_a_whole_run_has_been_measured() -> None:
    assert set(layers._of_a_whole_run()) == set(timings.MEASURED_S)


def test_seconds_of_layers_and_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    assert timings.layer_seconds() == timings.MEASURED_S
    assert timings.file_seconds() == {}
    one, other = (timings.Timed("tests/a/test_b.py", f"tests/a/test_b.py::{name}", 1.5) for name in ("one", "other"))
    timings.keep({"plain": 700.0}, [one, other])
    timings.keep({"lint": 20.0}, [timings.Timed("tests/a/test_c.py", "tests/a/test_c.py::test", 4.0)])
    assert timings.layer_seconds() == timings.MEASURED_S | {"plain": 700.0, "lint": 20.0}
    assert timings.file_seconds() == {"tests/a/test_b.py": 3.0, "tests/a/test_c.py": 4.0}


@pytest.mark.parametrize("text", ["", "[]", '{"layers": 3}', '{"layers": {"plain": "long"}}', '{"layers": {"plain": 1'])
def test_a_broken_memory_of_seconds_is_none(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    (tmp_path / "test-seconds.json").write_text(text)
    assert timings.layer_seconds() == timings.MEASURED_S


def test_each_layer_remembers_its_failures_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    folders = [layers._memory(layer) for layer in LAYERS.values()]
    assert len(set(folders)) == len(LAYERS)
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
    plain = LAYERS["plain"]
    assert not layers._has_failed(plain)
    noted = layers._memory(plain) / "v" / "cache" / "lastfailed"
    noted.parent.mkdir(parents=True)
    noted.write_text(json.dumps({}))
    assert not layers._has_failed(plain), "it passed the last time"
    noted.write_text(json.dumps({"tests/a/test_b.py::test_one": True}))
    assert layers._has_failed(plain)
    assert not layers._has_failed(LAYERS["package"])


def test_what_is_asked_for_becomes_options_of_pytest() -> None:
    assert Request([], "", echo=False).options() == []
    assert Request([], "resume", echo=False).options() == ["-k", "resume"]
    assert Request([], "", echo=False, last_failed=True).options() == ["--lf", "--lfnf=none"]


def test_nothing_runs_where_nothing_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    assert layers.run_layers(["lint", "plain"], [], "", last_failed=True) == 1
    assert "No test failed when it was run last." in capsys.readouterr().out


def test_the_account_names_the_ten_slowest_tests_and_their_layers(capsys: pytest.CaptureFixture[str]) -> None:
    report = "<suite>{}</suite>"
    case = '<testcase file="tests/a/test_{0}.py" name="test_{0}[{1}]" time="{1}.25" />'
    results = []
    for name, numbers in (("plain", range(1, 9)), ("package", range(9, 14))):
        root = ElementTree.fromstring(report.format("".join(case.format(name, number) for number in numbers)))
        results.append(Result(name, passed=len(numbers), tests=[timings.timed(case) for case in root]))
    layers._account(results, 60.0)
    shown = capsys.readouterr().out.partition("The slowest tests:\n")[2].splitlines()[:11]
    assert shown[0].split() == ["13.2", "s", "package", "tests/a/test_package.py::test_package[13]"]
    assert shown[5].split() == ["8.2", "s", "plain", "tests/a/test_plain.py::test_plain[8]"]
    assert shown[9].split() == ["4.2", "s", "plain", "tests/a/test_plain.py::test_plain[4]"]
    assert "::" not in shown[10]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell it of a process that has ended.")
def test_the_account_tells_how_far_the_processors_were_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Result("plain", passed=1)
    busy = "import os, time\nwhile time.process_time() < 0.3: pass\nraise SystemExit(3)"
    assert layers._call([sys.executable, "-c", busy], tmp_path / "log", False, result) == 3
    assert 0.3 <= result.cpu_s < 30.0
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    result.cpu_s = 60.0
    layers._account([result], 60.0)
    assert "All together took 1 minutes; the processors were used to 50%." in capsys.readouterr().out
    # What the system tells of all processes counts, where it does.
    layers._account([result], 60.0, 90.0)
    assert "the processors were used to 75%." in capsys.readouterr().out
    if sys.platform == "linux":
        before_s = layers.busy_seconds()
        subprocess.run([sys.executable, "-c", busy], check=False)
        assert layers.busy_seconds() > before_s > 0.0


# ---------------------------------------------------------------------------------------------------------------------
# The choice of a quick run

_TEXTS = {
    "triverse_addon/__init__.py": "def register():\n    from . import ui\n",
    "triverse_addon/api/__init__.py": "",
    "triverse_addon/api/client.py": "from .wire import send\n",
    "triverse_addon/api/wire.py": "import json\n",
    "triverse_addon/tasks/__init__.py": "",
    "triverse_addon/tasks/engine.py": "def start():\n    from ..api import client\n",
    "triverse_addon/tasks/stage.py": "if TYPE_CHECKING:\n    from .engine import Engine\n",
    "triverse_addon/ui/__init__.py": "from . import panel\n",
    "triverse_addon/ui/panel.py": "",
    "scripts/_dev/readme.py": "PAGE = 'README.md'\n",
    "tests/tasks/conftest.py": "from tests.tasks.engines import made\n",
    "tests/tasks/engines.py": "import triverse_addon.tasks.engine\n",
    "tests/tasks/test_engine.py": "",
    "tests/api/test_wire.py": "from triverse_addon.api.wire import send\n",
    "tests/api/test_stage.py": "from triverse_addon.tasks import stage\n",
    "tests/api/test_readme.py": "from scripts._dev import readme\n",
    "tests/api/test_pages.py": "PAGES = (REPO / \"docs\").glob('*.md')\n",
    "tests/api/test_started.py": "COMMAND = ['python', 'scripts/demo.py']\n",
}
_TESTS = [path for path in _TEXTS if "/test_" in path]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("tests/api/test_wire.py", {"tests/api/test_wire.py": 0}),
        # Through a conftest, a helper, an import inside a function and the client.
        ("triverse_addon/api/wire.py", {"tests/api/test_wire.py": 1, "tests/tasks/test_engine.py": 4}),
        ("triverse_addon/api/client.py", {"tests/tasks/test_engine.py": 3}),
        # Types alone touch nothing; the package that a module is in does.
        ("triverse_addon/tasks/engine.py", {"tests/tasks/test_engine.py": 2}),
        ("triverse_addon/tasks/__init__.py", {"tests/tasks/test_engine.py": 2, "tests/api/test_stage.py": 1}),
        # What a package imports only when it is registered is not run by who imports one of its modules.
        ("triverse_addon/ui/panel.py", {}),
        # What is read or started by its name.
        ("README.md", {"tests/api/test_readme.py": 1}),
        ("scripts/demo.py", {"tests/api/test_started.py": 0}),
        ("docs/other.md", {"tests/api/test_pages.py": 0}),
        ("requirements/dev.in", {}),
    ],
)
def test_a_change_touches_what_imports_it(changed: str, expected: dict[str, int]) -> None:
    assert touched.distances([changed], _TEXTS, _TESTS) == expected


def test_the_nearest_tests_that_fit_are_chosen() -> None:
    found = {"tests/a/test_far.py": 3, "tests/a/test_near.py": 0, "tests/a/test_long.py": 1, "tests/a/test_short.py": 1}
    seconds = {"tests/a/test_far.py": 9.0, "tests/a/test_near.py": 20.0, "tests/a/test_long.py": 30.0}
    chosen, left = touched.within_budget(found, seconds, 40.0)
    assert chosen == ["tests/a/test_far.py", "tests/a/test_near.py", "tests/a/test_short.py"]
    assert left == ["tests/a/test_long.py"]


def test_what_was_never_measured_and_takes_long_is_the_whole_budget() -> None:
    found = {"tests/fuzz/test_fuzz.py": 1, "tests/api/test_urls.py": 1}
    assert touched.within_budget(found, {})[0] == ["tests/api/test_urls.py"]
    assert touched.within_budget(found, {"tests/fuzz/test_fuzz.py": 4.0})[1] == []


def test_a_test_that_a_change_touches_first_hand_is_among_the_chosen() -> None:
    tests = plain_tests()
    assert "tests/tasks/store/test_store.py" in tests
    assert "tests/test_floors.py" in tests
    assert not any(test.startswith(("tests/blender/", "tests/gui/", "tests/package/")) for test in tests)
    texts = touched.sources()
    assert touched.distances(["triverse_addon/tasks/store/store.py"], texts, ["tests/tasks/store/test_store.py"]) != {}
    panels = [path for path in texts if path.startswith("triverse_addon/ui/")]
    assert panels
    assert touched.distances(panels, texts, ["tests/api/test_flows.py"]) == {}


def test_programs_of_administrators_are_found_without_their_folders_on_the_path() -> None:
    """As in a root shell that was opened with su. Debian has chroot there."""
    code = "import _dev, os, shutil; print(shutil.which('chroot'), os.environ['PATH'])"
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPO / "scripts")}
    answer = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    found, path = answer.stdout.split()
    assert Path(found).parent.name == "sbin"
    assert path.split(":") == ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
