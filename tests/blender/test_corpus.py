# SPDX-License-Identifier: GPL-3.0-or-later
"""
Every file of the corpus comes in as Blender's own importer brings it in, by child and in place, in this version.

One: ``python scripts/test.py tests/blender/test_corpus.py -k wrapper``. By hand, on any folder: ``scripts/corpus.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.compare_imports import DESIGNED, EQUAL, UNREADABLE, compare
from tests.blender import kept_children
from tests.corpus.case import REFUSED, Case
from tests.corpus.cases import corpus
from triverse_addon.scene.child import converter as child_converter
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.converter import ChildConverter
from triverse_addon.tasks.converter import Converter

pytestmark = pytest.mark.kind("corpus")

CASES = corpus()


@pytest.fixture(scope="module")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Converter]:
    """The converter, with one child for all files: starting one takes longer than all else."""
    session = kept_children.start(
        tmp_path_factory.mktemp("child"), child_converter._MESSAGES, jobs_per_child=len(CASES) + 1
    )
    converter = ChildConverter(child_command())
    converter._child = session  # type: ignore[assignment]
    yield converter
    session.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_comes_in_as_blender_brings_it_in(case: Case, converter: Converter, tmp_path: Path) -> None:
    glb = tmp_path / f"{case.name}.glb"
    glb.write_bytes(case.data)
    for way, found in compare(glb, converter, tmp_path / "out").items():
        told = f"{way}: {found.kind}: {found.lines}"
        if case.expected == REFUSED:
            assert found.kind == UNREADABLE, told
        elif case.expected == DESIGNED:
            assert found.kind in (DESIGNED, EQUAL), told
        else:
            # A version whose importer cannot read it at all gets a copy that it can read.
            assert found.kind == EQUAL or (found.kind == DESIGNED and not case.reads), told
