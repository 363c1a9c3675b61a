# SPDX-License-Identifier: GPL-3.0-or-later
"""
The layers of tests: what each needs, how it is run, and the account at the end.

No floor (development only). Several layers run at a time, each in a process of its own. Never imports ``bpy``.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import (
    account,
    blender_root,
    child_processes,
    kinds,
    line_recorder,
    processor_time,
    timings,
    venvs,
    version_cover,
    version_suites,
)
from .cache import REPO, SetupError, dev_cache, locked
from .result import Result

IN_CI = os.environ.get("CI", "").lower() == "true"
AT_ONCE = 4
"""Layers at a time. They wait for screens, services and disks, so that there may be more of them than cores."""
WINDOWS_AT_ONCE = 2
"""Windows of one layer at a time, when all of it is run: a test in a window waits for most of its time."""
PLAIN_AT_ONCE = 2
"""Plain tests at a time, when all of them are run."""
WITHOUT_BLENDER = ("plain", "reliability")
"""The layers without any Blender. They run one after the other, from the start. The second is one process: at its end,
it writes the account of all that it tried."""
_NOT_PASSED_ON = ("TRIVERSE_API_KEY", "PYTHONDONTWRITEBYTECODE")
LOG_TAIL_CHARS = 20_000


@dataclass(frozen=True)
class Request:
    """
    What the person asked for: paths (empty: the layer's own), pytest's ``-k`` and ``--lf``.

    ``whole`` are the layers that run all of their suite (``version_suites.py``), of those that run it.
    """

    paths: Sequence[str]
    keyword: str
    echo: bool
    last_failed: bool = False
    whole: frozenset[str] = frozenset()

    @property
    def is_narrowed(self) -> bool:
        """Tell whether only some tests are asked for, and not all that the layers own."""
        return bool(self.paths or self.keyword or self.last_failed)

    def options(self) -> list[str]:
        """As arguments of pytest."""
        chosen = ["-k", self.keyword] if self.keyword else []
        return [*chosen, "--lf", "--lfnf=none"] if self.last_failed else chosen


@dataclass(frozen=True)
class Layer:
    """One layer of tests.

    Args:
        owns: the folders below ``tests`` that are its own.
        missing: why it cannot run on this machine, in a sentence; empty if it can.
        run: runs it.
        needed_in_ci: it is a failure if CI cannot run it.
    """

    name: str
    owns: tuple[str, ...]
    missing: Callable[[], str]
    run: Callable[[Layer, Request], Result]
    needed_in_ci: bool = True


def _call(command: Sequence[str | Path], log: Path, echo: bool, result: Result) -> int:
    """
    Run a command with its output in ``log`` (or on the terminal), without the person's key.

    Compiled modules are kept, even where that is switched off: of the collection of a layer's tests, compiling them
    takes more than half. What it and its children used of the processors is added to the result, where the system
    tells.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    with log.open("ab") as file:
        out = None if echo else file
        with child_processes.started(
            [str(part) for part in command],
            cwd=REPO,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if out else None,
        ) as process:
            try:
                if sys.platform == "win32":
                    return process.wait()
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                process.kill()
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
    result.cpu_s += usage.ru_utime + usage.ru_stime
    return process.returncode


def _lint(layer: Layer, request: Request) -> Result:
    """Each tool counts as one test."""
    python, of_workflows = venvs.ensure(venvs.DEV), venvs.ensure(venvs.WORKFLOWS)
    result = Result(layer.name)
    workflows = sorted((REPO / ".github" / "workflows").glob("*.yml"))
    checks: tuple[list[str | Path], ...] = (
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [python, "-m", "mypy"],
        [of_workflows, "-m", "check_jsonschema", "--builtin-schema=vendor.github-workflows", *workflows],
    )
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        log.touch()
        for check in checks:
            if _call(check, log, request.echo, result):
                result.failed += 1
            else:
                result.passed += 1
        result.log = log.read_text(errors="replace")
    return result


def _pytest(layer: Layer, request: Request, *, recipe: venvs.Recipe, extra: Sequence[str] = ()) -> Result:
    """Run pytest in the environment of ``recipe``."""
    python = venvs.ensure(recipe)
    paths = [path for path in request.paths if layer.name in layers_for([path], widely=True)] or _own_paths(layer)
    if not paths:
        return Result(layer.name, failed=1, log=f"The layer {layer.name} has no tests.")
    return _run_pytest(layer, request.echo, python, [*extra, *paths], request.options())


def _memory(layer: Layer) -> Path:
    """Return the folder in which pytest remembers what failed in a layer, of this checkout: no two layers share one."""
    checkout = hashlib.sha256(str(REPO).encode()).hexdigest()[:8]
    return dev_cache() / "pytest" / checkout / layer.name


def _has_failed(layer: Layer) -> bool:
    """Tell whether a test of the layer failed when it was run last."""
    noted = _memory(layer) / "v" / "cache" / "lastfailed"
    return noted.is_file() and noted.read_text("utf-8").strip() not in ("", "{}")


def _run_pytest(layer: Layer, echo: bool, python: Path, arguments: Sequence[str], options: Sequence[str]) -> Result:
    """Run pytest and count from its JUnit report. Of the ``options``, tests may be left over that are none."""
    result = Result(layer.name)
    scratch = Path(tempfile.mkdtemp(prefix=f"triverse-{layer.name}-"))
    log, report = scratch / "log", scratch / "report.xml"
    log.touch()
    command = [str(python), "-m", "pytest", "-o", f"cache_dir={_memory(layer)}", f"--basetemp={scratch / 'tmp'}"]
    # The older kind of report names a test's file.
    command += [f"--junitxml={report}", "-o", "junit_family=xunit1", *arguments, *options]
    code = _call(command, log, echo, result)
    result.log = log.read_text(errors="replace")
    if report.exists():
        result.count(report)
    # 5: no test fitted the options, which is no failure of this layer. Anything else without a failed test is a crash.
    if code != 0 and not (code == 5 and options) and not result.failed:
        result.failed = 1
        result.log += f"\npytest ended with code {code}.\n"
    if result.failed:
        result.log += f"\nWhat the failed tests left (pictures, logs) is in {scratch / 'tmp'}\n"
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return result


def _own_paths(layer: Layer) -> list[str]:
    """The test files and folders of a layer, as far as they exist."""
    if layer.owns:
        return [f"tests/{name}" for name in layer.owns if (REPO / "tests" / name).is_dir()]
    # Plain Python: whatever no other layer owns.
    others = {name for other in LAYERS.values() for name in other.owns}
    folders = [path for path in sorted((REPO / "tests").iterdir()) if path.is_dir() and path.name not in others]
    with_tests = [folder for folder in folders if any(folder.rglob("test_*.py"))]
    files = sorted((REPO / "tests").glob("test_*.py"))
    return [path.relative_to(REPO).as_posix() for path in (*with_tests, *files)]


def plain_tests() -> list[str]:
    """Return the test files that need no Blender."""
    owned = (REPO / path for name in WITHOUT_BLENDER for path in _own_paths(LAYERS[name]))
    files = (file for path in owned for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path]))
    return [file.relative_to(REPO).as_posix() for file in files]


def layers_for(paths: Sequence[str], *, widely: bool = False) -> list[str]:
    """The layers that run these paths: the first that owns each (``widely``: every one that does)."""
    names: list[str] = []
    for path in paths:
        parts = Path(os.path.relpath(REPO / Path(path.partition("::")[0]), REPO)).parts
        folder = parts[1] if len(parts) > 1 and parts[0] == "tests" else ""
        owners = [layer.name for layer in LAYERS.values() if folder in layer.owns] or ["plain"]
        if parts == ("tests",):
            owners = list(LAYERS)
            widely = True
        names += [name for name in (owners if widely else owners[:1]) if name not in names]
    return names


def _can_always() -> str:
    return venvs.missing(venvs.DEV)


def whole_layers(names: Sequence[str]) -> frozenset[str]:
    """Return which of these layers run all of their suite: the first of each, and a person's own Blender."""
    possible = [name for name in names if not LAYERS[name].missing()]
    first = (suite.first_of(possible) for suite in version_suites.SUITES.values())
    return frozenset({*first, *({"window-BLENDER"} & set(possible))} - {""})


def _run_suite(
    suite: version_suites.Suite,
    layer: Layer,
    request: Request,
    *,
    recipe: venvs.Recipe,
    is_whole: bool,
    can_record: bool,
    extra: Sequence[str] = (),
) -> Result:
    """
    Run what was asked for of a suite; if nothing was, all of it or the part.

    Args:
        can_record: lines can be recorded. All of it is recorded then: :func:`_check_records`.
        extra: arguments of pytest.
    """
    if request.is_narrowed or (is_whole and not can_record):
        return _pytest(layer, request, recipe=recipe, extra=extra)
    if not is_whole:
        return _pytest(layer, request, recipe=recipe, extra=[*extra, "--version-part"])
    with tempfile.TemporaryDirectory(prefix="triverse-lines-") as folder:
        result = _pytest(layer, request, recipe=recipe, extra=[*extra, f"--record-lines={folder}"])
        if not result.failed:
            result.records[suite] = version_cover.read(Path(folder))
    return result


def _check_records(results: Sequence[Result]) -> None:
    """
    Let a layer fail that ran all of its suite, if what other versions run of it is not enough.

    In CI, where nobody would write the list anew, it is only told: by chance of time, a line may run under one test
    today and under another tomorrow.
    """
    records = {suite: record for result in results for suite, record in result.records.items()}
    for suite, problem in version_cover.problems(records).items():
        result = next(one for one in results if suite in one.records)
        result.failed += not IN_CI
        print(f"\n===== {result.name}: {'told' if IN_CI else 'failed'} =====\n{problem}", flush=True)


def _bpy_layer(version: str, needed_in_ci: bool) -> Layer:
    recipe = venvs.BPY[version]

    def run(layer: Layer, request: Request) -> Result:
        can_record = recipe.pythons[0] >= line_recorder.LEAST_PYTHON
        is_whole = layer.name in request.whole
        return _run_suite(version_suites.BPY, layer, request, recipe=recipe, is_whole=is_whole, can_record=can_record)

    return Layer(f"bpy-{version}", ("blender",), lambda: venvs.missing(recipe), run, needed_in_ci)


def _plain(layer: Layer, request: Request) -> Result:
    extra = [] if request.is_narrowed else ["-n", str(PLAIN_AT_ONCE), "--dist=loadfile"]
    return _pytest(layer, request, recipe=venvs.DEV, extra=extra)


def _package(layer: Layer, request: Request) -> Result:
    # Made before, as the windows' is: its three minutes would count as those of the first test that needs it.
    if not (request.is_narrowed or blender_root.missing("trixie")):
        blender_root.ensure_root("trixie")
    return _pytest(layer, request, recipe=venvs.DEV)


def _window_missing(name: str) -> str:
    if name == "BLENDER":
        return "" if os.environ.get("BLENDER") else "BLENDER= is not set."
    return blender_root.missing(name)


def window_options(name: str) -> list[str]:
    """Return the arguments of pytest with which all or the part of ``tests/gui`` is run in a Blender."""
    return [f"--blender={name}", "-n", str(WINDOWS_AT_ONCE), "--dist=loadfile"]


def _is_whole_window(layer: Layer, request: Request) -> bool:
    """Tell whether a layer runs all windows: it is to, or the root of the one that is to cannot be made."""
    if layer.name in request.whole:
        return True
    try:
        for name in request.whole & {f"window-{suite}" for suite in blender_root.SUITES}:
            blender_root.ensure_root(name.removeprefix("window-"))
    except SetupError:
        return True
    return False


def _window_layer(name: str, needed_in_ci: bool) -> Layer:
    def run(layer: Layer, request: Request) -> Result:
        is_root = name != "BLENDER"
        if is_root:
            blender_root.ensure_root(name)
        is_whole = request.is_narrowed or _is_whole_window(layer, request)
        extra = [f"--blender={name}"] if request.is_narrowed else window_options(name)
        suite, recipe = version_suites.WINDOWS, venvs.DEV
        return _run_suite(suite, layer, request, recipe=recipe, is_whole=is_whole, can_record=is_root, extra=extra)

    return Layer(f"window-{name}", ("gui",), lambda: _window_missing(name), run, needed_in_ci)


# In the order in which a path is given to the first that owns it, and of the account.
LAYERS = {
    layer.name: layer
    for layer in (
        Layer("lint", (), _can_always, _lint),
        _window_layer("trixie", needed_in_ci=True),
        Layer("plain", (), _can_always, _plain),
        Layer("reliability", ("reliability",), _can_always, functools.partial(_pytest, recipe=venvs.DEV)),
        _window_layer("sid", needed_in_ci=False),
        _bpy_layer("5.0.1", needed_in_ci=True),
        _bpy_layer("4.2.23", needed_in_ci=True),
        _bpy_layer("4.5.15", needed_in_ci=True),
        _bpy_layer("5.2.3", needed_in_ci=False),
        _bpy_layer("5.3.0", needed_in_ci=False),
        Layer("package", ("package",), _can_always, _package),
        _window_layer("BLENDER", needed_in_ci=False),
    )
}
FAST = ("lint", *WITHOUT_BLENDER, "bpy-5.0.1")


def in_order(names: Sequence[str], seconds: Mapping[str, float]) -> list[str]:
    """Return the layers in the order in which to start them: a wrong comma first, then the longest, unknown as long.

    A long one that is started last would run alone on one core, when all others have ended.
    """
    return sorted(names, key=lambda name: (name != "lint", -seconds.get(name, float("inf"))))


def in_turns(order: Sequence[str]) -> list[list[str]]:
    """Return the layers, in their order, as those that run one after the other: lint, then those without Blender."""
    chain = [name for name in order if name in WITHOUT_BLENDER]
    turns = [[name] for name in order if name not in WITHOUT_BLENDER]
    turns.insert(turns[:1] == [["lint"]], chain)
    return [turn for turn in turns if turn]


def _run_in_turn(names: Sequence[str], request: Request, speak: threading.Lock) -> list[Result]:
    return [_run_one(LAYERS[name], request, speak) for name in names]


def _run_one(layer: Layer, request: Request, speak: threading.Lock) -> Result:
    """Run a layer, or say why it cannot be."""
    started = time.monotonic()
    reason = layer.missing()
    if reason:
        result = Result(layer.name, not_run=reason)
    else:
        with speak:
            print(f"{layer.name}: started", flush=True)
        try:
            result = layer.run(layer, request)
        except SetupError as error:
            result = Result(layer.name, not_run=str(error))
    result.seconds = time.monotonic() - started
    # Where the window that was to run all cannot be had, the other one does.
    is_needed = layer.needed_in_ci or (layer.name in request.whole and layer.owns != ("gui",))
    if result.not_run and IN_CI and is_needed:
        result.failed, result.log = 1, f"CI must run this layer. {result.not_run}"
    with speak:
        if result.failed and not request.echo:
            print(f"\n===== {layer.name}: failed =====\n{result.log[-LOG_TAIL_CHARS:]}", flush=True)
        if not result.not_run:
            print(f"{layer.name}: {result.passed} ok, {result.failed} not, {result.seconds:.0f} s", flush=True)
    return result


def _prepare() -> None:
    """Make, once and before layers could make it twice, what several need: environments and the stand-in's models."""
    python = venvs.ensure(venvs.DEV)
    if venvs.missing(venvs.BPY["5.0.1"]):
        return
    venvs.ensure(venvs.BPY["5.0.1"])
    code = "from tests.service import models, samples; models.ensure(samples.FOR_TESTS)"
    with locked("samples"):
        answer = subprocess.run([python, "-c", code], cwd=REPO, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SetupError(f"The stand-in's models could not be made: {answer.stderr.strip()[-1000:]}")


def run_layers(
    names: Sequence[str], paths: Sequence[str], keyword: str, *, last_failed: bool = False, with_lint: bool = False
) -> int:
    """Run the layers and print the account. Returns the exit code.

    Args:
        names: of the layers.
        paths: to run instead of all that the layers own.
        keyword: as pytest's ``-k``.
        last_failed: only run what failed when its layer was run last.
        with_lint: keep the layer "lint" though only some tests are asked for.
    """
    began_s, busy_before_s = time.monotonic(), processor_time.busy_seconds()
    chosen = [LAYERS[name] for name in names]
    if (keyword or paths or last_failed) and not with_lint:
        chosen = [layer for layer in chosen if layer.name != "lint"] or chosen
    if last_failed:
        chosen = [layer for layer in chosen if _has_failed(layer)]
        if not chosen:
            print("No test failed when it was run last.")
    if not os.environ.get("BLENDER") and len(chosen) > 1:
        chosen = [layer for layer in chosen if layer.name != "window-BLENDER"]
    speak = threading.Lock()
    if any(layer.name != "lint" for layer in chosen):
        try:
            _prepare()
        except SetupError as error:  # what needs it will fail and be counted; here is why
            print(error, flush=True)
    whole = whole_layers([layer.name for layer in chosen])
    request = Request(paths, keyword, len(chosen) == 1, last_failed, whole)
    order = in_order([layer.name for layer in chosen], timings.layer_seconds())
    with child_processes.ended_on_sigterm(), ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        under_way = [pool.submit(_run_in_turn, names, request, speak) for names in in_turns(order)]
    by_name = {result.name: result for turn in under_way for result in turn.result()}
    results = [by_name[layer.name] for layer in chosen]
    _check_records(results)
    is_of_all = not request.is_narrowed
    is_whole = is_of_all and {layer.name for layer in chosen} >= set(_of_a_whole_run())
    if not keyword and not last_failed and not any("::" in path for path in paths):
        timings.keep(
            layers={result.name: result.seconds for result in results if is_of_all and _is_measured(result)},
            tests=[test for result in results if result.name in WITHOUT_BLENDER for test in result.tests],
        )
    if is_whole and not any(result.failed for result in results):
        results[0].failed += _write_kinds(results)
    busy_s = processor_time.busy_seconds()
    whole_s = None if busy_s is None or busy_before_s is None else busy_s - busy_before_s
    return account.show(results, time.monotonic() - began_s, whole_s)


def _is_measured(result: Result) -> bool:
    """Tell whether the seconds of a layer say how long it takes: it ran, and to its end."""
    return bool(result.passed) and not result.failed and not result.not_run


def _of_a_whole_run() -> list[str]:
    return [name for name in LAYERS if name != "window-BLENDER"]


def _write_kinds(results: Sequence[Result]) -> int:
    """Write the tables of kinds into ``docs``, in CI not; returns 1 if a kind has no test, which is a failure."""
    cases: dict[str, set[str]] = {}
    counted: dict[str, dict[str, int]] = {}
    for result in results:
        for slug, names in result.cases.items():
            cases.setdefault(slug, set()).update(names)
        for slug, numbers in result.counted.items():
            known = counted.setdefault(slug, {})
            known.update({what: max(number, known.get(what, 0)) for what, number in numbers.items()})
    lacking = kinds.without_tests(cases)
    if lacking:
        print(f"No test ran of these kinds of tests/kinds.py: {', '.join(lacking)}.")
        return 1
    for page in kinds.write(cases, counted, keep=IN_CI):
        print(f"docs/{page}: the table of kinds {'is not that of this run' if IN_CI else 'was written'}.")
    return 0
