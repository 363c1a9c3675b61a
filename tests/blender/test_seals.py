# SPDX-License-Identifier: GPL-3.0-or-later
"""What the child tells of the .blend it wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.blender import glbs

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("foreign-values")]


def test_the_hash_is_of_what_lies_there(tmp_path: Path) -> None:
    """Without a preview the file is written twice, the second time with a picture drawn of the model."""
    glb = glbs.export(tmp_path / "m.glb", lambda: glbs.sphere("a"))
    converted = glbs.convert_kept(glb, tmp_path / "out")
    assert converted.blend_sha256 == hashlib.sha256(converted.blend_path.read_bytes()).hexdigest()
