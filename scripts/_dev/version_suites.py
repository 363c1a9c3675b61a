# SPDX-License-Identifier: GPL-3.0-or-later
"""
The two suites that several Blenders run: one of them all of it, the others the part that depends on the version.

No floor (development only). Any thread. Never imports ``bpy``; runs inside the bpy environments too.

The part is what is about versions (:meth:`Suite.is_on_every_version`), and the cheapest other tests that together still
run every line that the whole suite runs of functions that work with Blender: ``version_cover.py`` chooses and checks
them. The file ``alike_everywhere.txt`` of a suite lists the rest, so that a new test runs on every version until it was
looked at.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .cache import REPO

REST = "rest"
"""Marks cases of a test for which others stand in the versions that run only a part."""


@dataclass(frozen=True)
class Suite:
    """
    A folder of tests that several Blenders run.

    :param name: begins the names of its layers.
    :param blenders: the first of these that a machine has runs all of it. The latest with long-term support comes
        first, whose Python can record at no cost which lines run.
    :param about_versions: files, or tests of them, that always run everywhere.
    :param asks: what is in the text of a test that asks for the version.
    :param recorded: the versions whose lines are recorded for the choice.
    """

    name: str
    folder: Path
    blenders: tuple[str, ...]
    about_versions: tuple[str, ...]
    asks: tuple[str, ...]
    recorded: tuple[str, ...]

    def first_of(self, layers: Collection[str]) -> str:
        """Return which of these layers is to run all of it; empty if none is of this suite."""
        return next((name for name in (f"{self.name}-{blender}" for blender in self.blenders) if name in layers), "")

    @property
    def alike(self) -> Path:
        """The list of the tests that the versions which run only a part leave out."""
        return self.folder / "alike_everywhere.txt"

    def left_out(self) -> frozenset[str]:
        """Return the tests that the list names."""
        if not self.alike.exists():
            return frozenset()
        lines = self.alike.read_text("utf-8").splitlines()
        return frozenset(line for line in lines if line and not line.startswith("#"))

    def is_on_every_version(self, test: str) -> bool:
        """Tell whether a test is about versions or files of theirs, by its name or by what it asks."""
        file, _, name = test.partition("::")
        if {file, test} & {*self.about_versions} or "version" in name.split("_"):
            return True
        return name in asking_for_the_version((self.folder / file).read_text("utf-8"), self.asks)

    def exists(self, test: str) -> bool:
        """Tell whether there is a test of this name."""
        file, _, name = test.partition("::")
        path = self.folder / file
        return path.exists() and re.search(rf"^def {name}\(", path.read_text("utf-8"), re.MULTILINE) is not None


BPY = Suite(
    "bpy",
    REPO / "tests" / "blender",
    ("5.2.3", "5.3.0", "5.0.1", "4.5.15", "4.2.23"),
    (
        "test_asset_libraries.py",
        "test_child_environment.py::test_a_scripts_folder_and_packages_of_the_user_do_not_run",
        "test_child_environment.py::test_a_home_of_the_user_is_not_looked_into",
        "test_corpus.py",
        "test_filled_meshes.py",
        "test_geometry.py",
        "test_half_models.py",
        "test_readable_models.py",
        "test_scene_convert.py",
        "test_scene_extensions.py",
        "test_scene_importer.py",
        "test_ui_register.py",
        "test_upright.py",
        "test_write_access.py",
        "test_written_blend.py",
    ),
    ("app.version",),
    ("5.2.3", "5.3.0"),
)
"""Blender's module. About versions is what its importer makes of models, what is written into files, what differs
between versions, and that the add-on can be switched on. Recorded are two that run on Python 3.12 or newer."""

WINDOWS = Suite(
    "window",
    REPO / "tests" / "gui",
    ("sid", "trixie"),
    (
        "test_after_rendering.py",
        "test_events.py",
        "test_first_run.py",
        "test_around.py::test_no_shortcut_of_the_viewport_is_taken",
        "test_harness.py",
        "test_lives_on.py::test_its_window_is_closed_meanwhile",
        "test_main_job.py::test_autosave_goes_on_while_a_task_is_under_way",
        "test_menus.py::test_what_to_make",  # a menu of 4.3 carries the number of an entry as a float
        "test_placing.py",
        "test_roots.py",
        "test_sources.py::test_dropped_pictures_become_tasks_after_a_question",  # what Blender tells of a drop
        "test_updates.py",
    ),
    ("app.version", "blender.name"),
    ("sid", "trixie"),
)
"""Real Blenders with a window. About versions is what Blender itself does there: mouse, keyboard and screen as the
tests use them, the root that it runs in, its events, keys, undo and files, drops, autosave, menus, what is drawn
over a viewport, a first start, and how it installs and updates extensions."""

SUITES = {suite.name: suite for suite in (BPY, WINDOWS)}


def suite_of(path: Path) -> Suite | None:
    """Return the suite that a test file is in; None for a file of another folder."""
    return next((suite for suite in SUITES.values() if path.is_relative_to(suite.folder)), None)


def test_of(nodeid: str) -> str:
    """Return the test of a case, by its node id in pytest: ``test_file.py::test_name``."""
    return nodeid.partition("[")[0].rpartition("/")[2]


def as_rest(nodeid: str) -> str:
    """Return the node id under which a case that is marked as REST is recorded: as one of a test of its own."""
    return f"{nodeid.partition('[')[0]} ({REST})[{nodeid.partition('[')[2]}"


def is_rest(test: str) -> bool:
    """Tell whether a test of a record is the cases that are marked as REST."""
    return test.endswith(f" ({REST})")


@functools.cache
def asking_for_the_version(source: str, asks: tuple[str, ...]) -> frozenset[str]:
    """
    Return what in a test file asks which version this is, by itself or by the fixtures and names that it uses.

    :param asks: texts that ask, such as ``app.version``.
    """
    uses: dict[str, set[str]] = {}
    asking: set[str] = set()
    for node in ast.parse(source).body:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        if isinstance(node, ast.If):  # tests that only some versions have
            names |= {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = {node.name}
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        used |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        # What is done to the whole module, or around each of its tests.
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
        everywhere = names == {"pytestmark"} or any("autouse=True" in ast.unparse(one) for one in decorators)
        for name in {"*"} if everywhere else names:
            uses.setdefault(name, {"*"} - {name}).update(used)
            if any(text in ast.unparse(node) for text in asks):
                asking.add(name)
    while new := {name for name, used in uses.items() if name not in asking and used & asking}:
        asking |= new
    return frozenset(asking)
