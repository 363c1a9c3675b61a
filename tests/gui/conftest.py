# SPDX-License-Identifier: GPL-3.0-or-later
"""
Fixtures for tests in a real Blender with a window.

Each test has its own home, display, port and scratch folder (pytest's ``tmp_path``); only what it started is ended.
All: ``python scripts/test.py --layer window-trixie``. One: ``python scripts/test.py tests/gui/test_x.py -k name``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from scripts._dev import editors, line_recorder
from scripts._dev.cache import locked
from scripts._dev.package import build
from scripts._dev.profiles import copy_profile
from scripts._dev.sandbox import SandboxError
from scripts._dev.screen import MIDDLE_PX, NARROW_PX, RIGHT_PX
from scripts._dev.window import Blender, BlenderWindow, find_blender, make_profile
from tests import version_part

GUI_TIMEOUT_S = 900
"""Only against a hang. A first window may take minutes on two busy cores."""
OPENED = pytest.StashKey[list[BlenderWindow]]()
"""The windows of a test."""


MakeOnce = Callable[[str, Callable[[Path], None]], Path]
"""Called with a name and what fills a folder, gives the folder."""


class OpenWindow(Protocol):
    """Opens a Blender; it is closed after the test. ``home`` of an earlier window: the same user comes back."""

    def __call__(
        self,
        *,
        env: Mapping[str, str] | None = None,
        home: Path | None = None,
        arguments: Sequence[str | Path] = (),
        width_px: int = NARROW_PX,
    ) -> BlenderWindow: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time before they are taken for hung."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(GUI_TIMEOUT_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leave a picture of each window of a test that fails, as it is then: ``at-failure.png`` in its folder."""
    report = yield
    if report.when == "call" and report.failed:
        for window in item.stash.get(OPENED, []):
            with contextlib.suppress(SandboxError, OSError):
                window.save_shot("at-failure")
    return report


@pytest.fixture(scope="session")
def blender(request: pytest.FixtureRequest) -> Blender:
    """The Blender that ``--blender`` names. If lines are recorded, they are those of all Blenders that are started."""
    found = find_blender(request.config.getoption("--blender"))
    record = version_part.record_of(request.config)
    if record is None:
        return found
    return dataclasses.replace(found, site_hook=line_recorder.write_site_hook(record.folder))


@pytest.fixture(scope="session")
def make_once(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """``make_once("profile", make)``: a folder that ``make`` fills, one for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, unfinished = shared / f"for-all-{name}", shared / f"unfinished-{name}"
        with locked(f"gui-{blender.name}-{name}"):
            if not folder.is_dir():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def profile_template(blender: Blender, make_once: MakeOnce) -> Path:
    """A home in which the built extension is installed and enabled. Copied for each test, never used itself."""

    def make(folder: Path) -> None:
        dist = folder / "dist"
        dist.mkdir()
        make_profile(blender, folder / "home", build(dist))

    return make_once("profile", make) / "home"


class StartingAs(Protocol):
    """Makes homes, each once for a run, whose user starts with the editors that a window of this width shows.

    So a window is ready 0.35 s of processor time sooner. ``narrow``: a 3D viewport is little wider than its sidebar,
    with an empty text at each side.
    """

    def __call__(self, width_px: int, *, narrow: bool = False) -> Path: ...


@pytest.fixture(scope="session")
def starting_as(blender: Blender, profile_template: Path, make_once: MakeOnce) -> StartingAs:
    """Homes like ``profile_template`` that start as a window shows it.

    The file to start with is another user's, who has no extension, and whose Blender has a window: without one, it
    never comes back from the closing of an area.
    """

    def starting(width_px: int, *, narrow: bool = False) -> Path:
        def make(folder: Path) -> None:
            with BlenderWindow(blender, folder, width_px=width_px) as window:
                if narrow:
                    editors.narrow_viewport(window, RIGHT_PX)
                window.run("with override(): bpy.ops.wm.save_homefile()")
            home = copy_profile(profile_template, folder / "with-extension")
            for file in window.home.rglob("startup.blend"):
                shutil.copy(file, home / file.relative_to(window.home))

        return make_once(f"start-{width_px}{'-narrow' if narrow else ''}", make) / "with-extension"

    return starting


@pytest.fixture(scope="session")
def narrow_template(starting_as: StartingAs) -> Path:
    """A home like ``profile_template`` whose user starts with a sidebar and little of a 3D viewport."""
    return starting_as(NARROW_PX)


@pytest.fixture
def open_window(
    blender: Blender,
    profile_template: Path,
    starting_as: StartingAs,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[OpenWindow]:
    """Open Blenders with the extension installed, each in a folder of its own below ``tmp_path``."""
    opened: list[BlenderWindow] = []
    request.node.stash[OPENED] = opened

    def open_one(
        *,
        env: Mapping[str, str] | None = None,
        home: Path | None = None,
        arguments: Sequence[str | Path] = (),
        width_px: int = NARROW_PX,
    ) -> BlenderWindow:
        scratch = tmp_path / f"window-{len(opened) + 1}"
        scratch.mkdir()
        if home is None:
            template = starting_as(width_px) if width_px < MIDDLE_PX else profile_template
            home = copy_profile(template, scratch / "home")
        window = BlenderWindow(
            blender, scratch, home=home, env=env, arguments=arguments, shares=[tmp_path], width_px=width_px
        )
        opened.append(window)
        return window

    yield open_one
    for window in opened:
        window.close()
