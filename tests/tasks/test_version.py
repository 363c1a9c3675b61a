# SPDX-License-Identifier: GPL-3.0-or-later
"""The version stands once, in the manifest; the code reads it there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from triverse_addon.tasks.version import MANIFEST, addon_version, version_in

REPO = Path(__file__).resolve().parents[2]


def test_it_is_that_of_the_manifest() -> None:
    assert addon_version() == tomllib.loads((REPO / MANIFEST).read_text("utf-8"))["version"]


def test_no_source_has_a_version_of_its_own() -> None:
    """Comments may name the versions of old files; a string that is the present one would have to be kept in step."""
    quoted = re.compile(rf"""["']{re.escape(addon_version())}["']""")
    sources = sorted((REPO / "triverse_addon").rglob("*.py"))
    assert [path.name for path in sources if quoted.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        'id = "another"\nversion = "1.0.0"\n',
        'id = "triverse"\n',
        'id = "triverse"\nversion = 1\n',
        "no toml",
        b"\xff\xfe",
        None,
    ],
)
def test_what_is_no_manifest_of_ours_gives_none(tmp_path: Path, text: str | bytes | None) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert version_in(tmp_path) == ""
