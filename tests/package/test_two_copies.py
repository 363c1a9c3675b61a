# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip installed from two repositories of one Blender: the second copy stays out, and goes without a trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.package.targets import Target, available

COPIES_PROBE = Path(__file__).with_name("copies_probe.py")


@pytest.mark.kind("two-copies")
@pytest.mark.parametrize("target", available(), ids=lambda target: target.name)
def test_the_second_copy_stays_out(target: Target, extension_zip: Path, tmp_path: Path) -> None:
    home = tmp_path / "profile" / "home"
    home.mkdir(parents=True)
    answer = target.run_script(home, COPIES_PROBE, [extension_zip])
    printed = answer.stdout.decode(errors="replace")
    lines = [line for line in printed.splitlines() if line.startswith("PROBE ")]
    assert lines, printed + answer.stderr.decode(errors="replace")
    report = json.loads(lines[-1].removeprefix("PROBE "))
    assert report["problems"] == []
    one, two = "user_default", "second"
    assert report["seen"] == [
        [one, one, "", ""],
        [one, one, one, ""],
        [two, two, "", ""],
        [two, two, two, ""],
        [one, one, "", "", two, ""],
    ]
    assert report["out"] == "StaysOutPreferences"
    assert "Another copy of Triverse is switched on (user_default" in report["said"]
    assert "Traceback" not in printed + answer.stderr.decode(errors="replace")
