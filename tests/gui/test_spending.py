# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what was spent is written by the file browser, in a real window."""

from __future__ import annotations

from pathlib import Path

from scripts._dev.screen import ROOMY_PX
from tests.gui.conftest import OpenWindow
from tests.gui.panel import connected, settle
from tests.service.server import StandIn

PARAMS = "areas('FILE_BROWSER')[0][1].spaces.active.params"


def test_a_table_is_not_overwritten_by_a_name_without_its_suffix(open_window: OpenWindow, tmp_path: Path) -> None:
    """The file browser colours the field of a name that is there already, and knows it by its suffix only."""
    table = tmp_path / "sums.csv"
    table.write_text("mine", encoding="utf-8")
    with StandIn(samples=("1k",)) as service:
        window = open_window(env=connected(service), width_px=ROOMY_PX)
        window.show_sidebar("Triverse")
        window.run("bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'")
        window.run(
            "with override(): bpy.ops.triverse.export_spending('INVOKE_DEFAULT', filepath=path)",
            path=str(tmp_path / "other.csv"),
        )
        window.wait_for(f"areas('FILE_BROWSER') and {PARAMS} is not None")
        settle(window)
        x, y = window.wait_text("other.csv", window.box("FILE_BROWSER", "EXECUTE")).center
        window.fill_in(x, y, "sums")
        window.wait_for(f"{PARAMS}.filename == 'sums.csv'", limit_s=20)
        window.save_shot("overwrites")
        window.run("with override('FILE_BROWSER'): bpy.ops.file.cancel()")
        window.wait_for("not areas('FILE_BROWSER')")
        assert table.read_text(encoding="utf-8") == "mine"
        assert "Traceback" not in window.log_text()
