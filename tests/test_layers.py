# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests run where and in which order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from scripts._dev import account, layers, line_recorder, processor_time, timings, version_cover, version_suites
from scripts._dev.cache import REPO, SetupError
from scripts._dev.layers import LAYERS, Request, Result, _own_paths, in_order, in_turns
from scripts._dev.version_suites import BPY, SUITES, WINDOWS, Suite


def _files(paths: list[str]) -> set[Path]:
    found: set[Path] = set()
    for text in paths:
        path = REPO / text
        found |= set(path.rglob("test_*.py")) if path.is_dir() else {path}
    return found


def test_every_test_file_runs_in_some_layer() -> None:
    run = {file for layer in LAYERS.values() if layer.name != "lint" for file in _files(_own_paths(layer))}
    assert run == set((REPO / "tests").rglob("test_*.py"))


def test_one_blender_runs_everything_and_the_others_the_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest and the newest are among the others; one that is asked for alone runs everything."""
    bpy = [name for name in LAYERS if name.startswith("bpy-")]
    assert {f"bpy-{version}" for version in BPY.blenders} == set(bpy)
    assert len(bpy) == 5
    (whole,) = layers.whole_layers(["plain", *bpy])
    assert whole in bpy
    for name in bpy:
        assert layers.whole_layers(["lint", name]) <= {name}
    (whole,) = layers.whole_layers(layers.FAST)
    assert whole in layers.FAST
    assert layers.whole_layers(["plain"]) == set()


def test_one_window_runs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    both = ["window-trixie", "window-sid"]
    monkeypatch.setattr(layers.blender_root, "missing", lambda _suite: "")
    assert layers.whole_layers(["plain", *both]) == {"window-sid"}
    assert layers.whole_layers(["window-trixie"]) == {"window-trixie"}
    # Whoever names a Blender gets all for it.
    monkeypatch.setenv("BLENDER", "/opt/blender")
    assert layers.whole_layers([*both, "window-BLENDER"]) == {"window-sid", "window-BLENDER"}
    monkeypatch.setattr(layers.blender_root, "missing", lambda suite: "Not here." if suite == "sid" else "")
    assert layers.whole_layers(both) == {"window-trixie"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What pytest is asked for beside paths: names of options, of each run. No root is made."""
    found: list[tuple[str, ...]] = []

    def run(layer: layers.Layer, request: Request, *, extra: tuple[str, ...] = (), **_rest: object) -> Result:
        found.append(tuple(word.partition("=")[0] for word in extra if word != str(layers.WINDOWS_AT_ONCE)))
        return Result(layer.name, failed=1)  # without a record there is nothing to check

    monkeypatch.setattr(layers, "_pytest", run)
    monkeypatch.setattr(layers.blender_root, "ensure_root", lambda suite: Path(suite))
    return found


NARROWED = (Request(["tests"], "", False), Request([], "drop", False), Request([], "", False, True))


def test_only_a_whole_run_leaves_tests_out(asked: list[tuple[str, ...]]) -> None:
    for name in ("bpy-4.2.23", "bpy-5.0.1", "bpy-5.2.3"):
        for narrowed in NARROWED:
            LAYERS[name].run(LAYERS[name], narrowed)
        LAYERS[name].run(LAYERS[name], Request([], "", False, whole=frozenset({name})))
        LAYERS[name].run(LAYERS[name], Request([], "", False, whole=frozenset({"bpy-5.3.0", "window-sid"})))
    narrowed_and_whole = [(), (), (), (), ("--version-part",)]
    assert asked == [*narrowed_and_whole, *narrowed_and_whole, (), (), (), ("--record-lines",), ("--version-part",)]


def test_only_a_whole_run_leaves_windows_out(asked: list[tuple[str, ...]]) -> None:
    for name in ("window-trixie", "window-sid", "window-BLENDER"):
        for narrowed in NARROWED:
            LAYERS[name].run(LAYERS[name], narrowed)
        LAYERS[name].run(LAYERS[name], Request([], "", False, whole=frozenset({name})))
    at_once = ("--blender", "-n", "--dist")
    narrowed = [("--blender",)] * len(NARROWED)
    recorded = [*narrowed, (*at_once, "--record-lines")]
    assert asked == [*recorded, *recorded, *narrowed, at_once]
    asked.clear()
    trixie = LAYERS["window-trixie"]
    trixie.run(trixie, Request([], "", False, whole=frozenset({"bpy-5.3.0", "window-sid"})))
    assert asked == [(*at_once, "--version-part")]


def test_where_the_other_root_cannot_be_made_a_window_runs_everything(
    asked: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ensure(suite: str) -> Path:
        if suite == "sid":
            raise SetupError("Today it cannot be installed.")
        return Path(suite)

    monkeypatch.setattr(layers.blender_root, "ensure_root", ensure)
    monkeypatch.setattr(layers.blender_root, "missing", lambda _suite: "")
    monkeypatch.setattr(layers, "IN_CI", True)
    request = Request([], "", True, whole=frozenset({"window-sid"}))
    LAYERS["window-trixie"].run(LAYERS["window-trixie"], request)
    assert asked == [("--blender", "-n", "--dist", "--record-lines")]
    result = layers._run_one(LAYERS["window-sid"], request, threading.Lock())
    assert (result.failed, result.not_run) == (0, "Today it cannot be installed.")


def test_ci_must_run_the_whole_suite_on_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "IN_CI", True)
    layer = layers.Layer("bpy-5.2.3", ("blender",), lambda: "It is not here.", LAYERS["lint"].run, needed_in_ci=False)
    for whole, failed in (("bpy-5.2.3", 1), ("bpy-5.0.1", 0)):
        result = layers._run_one(layer, Request([], "", True, whole=frozenset({whole})), threading.Lock())
        assert (result.failed, result.not_run) == (failed, "It is not here.")


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_what_some_versions_leave_out_exists_and_is_not_about_versions(suite: Suite) -> None:
    alike = suite.left_out()
    assert alike
    for test in alike:
        assert suite.exists(test), test
        assert not suite.is_on_every_version(test), test
    for name in suite.about_versions:
        assert suite.exists(name) if "::" in name else (suite.folder / name).exists(), name


def test_a_test_file_belongs_to_the_suite_of_its_folder() -> None:
    assert version_suites.suite_of(REPO / "tests" / "blender" / "test_cli.py") is BPY
    assert version_suites.suite_of(REPO / "tests" / "gui" / "test_list.py") is WINDOWS
    assert version_suites.suite_of(REPO / "tests" / "test_layers.py") is None


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

    def asking(text: str, *asks: str) -> frozenset[str]:
        return version_suites.asking_for_the_version(text, asks or BPY.asks)

    assert asking(source) == {"NEW", "Scripts", "scripts", "test_by_fixture", "test_by_itself"}
    around = "@pytest.fixture(autouse=True)\ndef around(): assert NEW\n"
    assert asking(source + around) >= {"test_alike"}
    assert asking("def test_in_one(blender): assert blender.name == 'sid'\n", *WINDOWS.asks) == {"test_in_one"}
    assert BPY.is_on_every_version("test_ui_choices.py::test_a_preset_of_another_version_gives_what_it_can")
    assert not BPY.is_on_every_version("test_cli.py::test_ctrl_c_in_a_conversion")


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


def test_modules_without_blender_do_not_count() -> None:
    assert line_recorder.lines_of("tasks/engine/model_download.py") == frozenset()
    assert line_recorder.lines_of("scene/worker/part_follower.py") == frozenset(), "of the child, in plain Python"
    assert line_recorder.lines_of("scene/worker/mesh_build.py"), "numpy is another in each version"


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
    rest = version_suites.as_rest(nodeid)
    assert rest != nodeid
    assert version_suites.test_of(nodeid) == "test_fit.py::test_a"
    assert version_suites.is_rest(version_suites.test_of(rest))
    assert not version_suites.is_rest(version_suites.test_of(nodeid))


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


def _write_record(folder: Path, nodeids: list[str], lines: str) -> None:
    folder.mkdir()
    (folder / "tests.json").write_text(json.dumps([[nodeid, 1.0] for nodeid in nodeids]))
    (folder / "lines").write_text(lines)


def test_a_record_names_what_each_process_ran(tmp_path: Path) -> None:
    """Of two workers too, each of which has a folder and numbers its own cases."""
    module = "scene/worker/job_loop.py"
    line, other, *_ = sorted(line_recorder.lines_of(module))
    nodeids = ["tests/blender/test_a.py::test_b[1]", "tests/blender/test_a.py::test_b[2]"]
    _write_record(tmp_path / "gw0", nodeids, f"0 {module} {line}\n1 {module} {line}\n0 {module} 1\n7 {module} {line}\n")
    _write_record(tmp_path / "gw1", ["tests/blender/test_c.py::test_d"], f"0 {module} {other}\n")
    assert version_cover.read(tmp_path) == {
        "test_a.py::test_b": version_cover.Ran(2.0, {(module, line)}),
        "test_c.py::test_d": version_cover.Ran(1.0, {(module, other)}),
    }
    assert version_cover.check(BPY, version_cover.read(tmp_path)) == ""


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_line_that_only_a_test_left_out_runs_is_named(suite: Suite, tmp_path: Path) -> None:
    module, alike = "scene/worker/job_loop.py", min(suite.left_out())
    line = min(line_recorder.lines_of(module))
    _write_record(tmp_path / "gw0", [f"tests/{suite.folder.name}/{alike}"], f"0 {module} {line}\n")
    problem = version_cover.check(suite, version_cover.read(tmp_path))
    assert f"{module}:{line}: " in problem
    assert alike in problem
    assert f"tests/{suite.folder.name}/alike_everywhere.txt" in problem


def test_of_windows_only_lines_count_that_no_other_version_has_run() -> None:
    module, alike = "scene/worker/job_loop.py", min(WINDOWS.left_out())
    line, other, *_ = sorted(line_recorder.lines_of(module))
    windows = {alike: version_cover.Ran(1.0, {(module, line), (module, other)})}
    bpy = {"test_a.py::test_b": version_cover.Ran(1.0, {(module, other)})}
    assert version_cover.without(windows, bpy) == {alike: version_cover.Ran(1.0, {(module, line)})}
    found = version_cover.problems({WINDOWS: windows, BPY: bpy})
    assert list(found) == [WINDOWS]
    assert f"{module}:{line}: " in found[WINDOWS]
    assert f"{module}:{other}: " not in found[WINDOWS]
    assert version_cover.problems({WINDOWS: windows}) == {}
    assert list(version_cover.problems({BPY: {min(BPY.left_out()): windows[alike]}})) == [BPY]


def test_a_layer_fails_whose_part_is_not_enough(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "IN_CI", False)
    module, alike = "scene/worker/job_loop.py", min(BPY.left_out())
    line = min(line_recorder.lines_of(module))
    results = [Result("plain", passed=1), Result("bpy-5.2.3", passed=1), Result("bpy-5.3.0", passed=1)]
    results[1].records[BPY] = {alike: version_cover.Ran(1.0, {(module, line)})}
    layers._check_records(results)
    assert [result.failed for result in results] == [0, 1, 0]
    assert f"{module}:{line}: " in capsys.readouterr().out
    results[1].records[BPY]["test_new.py::test_it"] = version_cover.Ran(1.0, {(module, line)})
    layers._check_records(results)
    assert results[1].failed == 1
    del results[1].records[BPY]["test_new.py::test_it"]
    capsys.readouterr()
    monkeypatch.setattr(layers, "IN_CI", True)
    layers._check_records(results)
    assert results[1].failed == 1, "told, no more"
    assert f"{module}:{line}: " in capsys.readouterr().out


def test_the_package_is_known_by_its_files_in_the_checkout_and_as_an_extension() -> None:
    home = "/tmp/a/home/.config/blender/5.2/extensions"
    assert line_recorder.module_of(f"{line_recorder.PACKAGE}/ui/redraw.py") == "ui/redraw.py"
    assert line_recorder.module_of(f"{home}/user_default/triverse/ui/redraw.py") == "ui/redraw.py"
    assert line_recorder.module_of(f"{home}/of_ours/triverse/__init__.py") == "__init__.py"
    assert line_recorder.module_of(f"{home}/user_default/other/ui/redraw.py") == ""
    assert line_recorder.module_of("<string>") == ""


# ---------------------------------------------------------------------------------------------------------------------
# Order, memory and account


def test_the_longest_layers_start_first_after_lint() -> None:
    names = ["package", "lint", "bpy-5.0.1", "window-BLENDER", "plain"]
    seconds = {"package": 200.0, "lint": 12.0, "bpy-5.0.1": 600.0, "plain": 1280.0}
    assert in_order(names, seconds) == ["lint", "window-BLENDER", "plain", "bpy-5.0.1", "package"]


def test_what_needs_no_blender_runs_in_turn_from_the_start() -> None:
    assert in_turns(["lint", "window-sid", "reliability", "package", "plain"]) == [
        ["lint"],
        ["reliability", "plain"],
        ["window-sid"],
        ["package"],
    ]
    assert in_turns(["package", "plain"]) == [["plain"], ["package"]]
    assert in_turns(["package"]) == [["package"]]


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
    account.show(results, 60.0)
    shown = capsys.readouterr().out.partition("The slowest tests:\n")[2].splitlines()[:11]
    assert shown[0].split() == ["13.2", "s", "package", "tests/a/test_package.py::test_package[13]"]
    assert shown[5].split() == ["8.2", "s", "plain", "tests/a/test_plain.py::test_plain[8]"]
    assert shown[9].split() == ["4.2", "s", "plain", "tests/a/test_plain.py::test_plain[4]"]
    assert "::" not in shown[10]


def test_processor_time_of_processes_counts_while_they_run_and_after() -> None:
    busy = "import sys, time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True); sys.stdin.read()"
    before_s = processor_time.tree_seconds()
    # Its parent, a shell, waits for it.
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(["sh", "-c", '"$0" "$@"; true', sys.executable, "-c", busy], **pipes) as process:
        assert process.stdout.readline() == b"done\n"
        running_s = processor_time.tree_seconds() - before_s
        process.stdin.close()
    # To a hundredth of a second, in which the system counts.
    if sys.platform == "linux":
        assert 0.25 <= running_s < 30.0
    if sys.platform != "win32":
        assert processor_time.tree_seconds() - before_s >= 0.25


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
    account.show([result], 60.0)
    assert "All together took 1 minutes; the processors were used to 50%." in capsys.readouterr().out
    # What the system tells of all processes counts, where it does.
    account.show([result], 60.0, 90.0)
    assert "the processors were used to 75%." in capsys.readouterr().out
    if sys.platform == "linux":
        before_s = processor_time.busy_seconds()
        subprocess.run([sys.executable, "-c", busy], check=False)
        assert processor_time.busy_seconds() > before_s > 0.0
