# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator of the corpus: enough files, the same ones each time, and a word on each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.corpus.case import DESIGNED, EQUAL, REFUSED
from tests.corpus.cases import corpus

REPO = Path(__file__).resolve().parents[2]


def test_there_are_enough_and_every_kind_is_among_them() -> None:
    cases = corpus()
    assert len(cases) >= 150
    assert {case.expected for case in cases} == {EQUAL, DESIGNED, REFUSED}
    assert {case.reads for case in cases} == {"yes", "no", ""}
    groups = {case.name.partition("-")[0] for case in cases}
    assert groups >= {
        "mesh",
        "attribute",
        "accessor",
        "material",
        "texture",
        "node",
        "wrapper",
        "scene",
        "skin",
        "morph",
    }
    assert groups >= {"morph", "animation", "light", "camera", "extras", "file", "buffer", "meshopt", "primitive"}


def test_they_are_the_same_each_time(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.corpus", tmp_path], cwd=REPO, check=True, capture_output=True)
    written = {path.stem: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {case.name: case.data for case in corpus()}
    assert all(len(data) < 20_000 for data in written.values())
