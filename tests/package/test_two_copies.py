# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip installed from two repositories of one Blender: the second copy stays out, and goes without a trace."""

from __future__ import annotations

import pytest

from tests.package.conftest import Installed


@pytest.mark.kind("two-copies")
def test_the_second_copy_stays_out(installed: Installed) -> None:
    report = installed.probed.report("COPIES")
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
    assert "Traceback" not in installed.probed.said
