# SPDX-License-Identifier: GPL-3.0-or-later
"""No command and no report speaks of buttons that are in the panel only."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from scripts._dev.visible_text import visible_texts
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.command_words import in_command_words, text_for_rows
from triverse_addon.tasks.store.errors import unusable

#: Floors whose sentences reach commands as well as the panel.
BELOW = tuple(f"triverse_addon/{floor}/" for floor in ("api", "tasks", "batch", "scene"))
BUTTONS = re.compile(r"[Pp]ress (?!Import in the panel|Find My Tasks in the panel)|choose Use|Copy Report")
#: Told in a window only: the list of tasks is moved there, and a click is repeated there.
OF_THE_PANEL = ("This task was made elsewhere. To order it again", "The list of tasks and the models cannot be moved")


def test_no_button_is_named_where_there_is_none() -> None:
    found = {one.text for one in visible_texts() if one.place.startswith(BELOW)}
    told = {text for text in found if not text.startswith(OF_THE_PANEL)}
    changed = {text: in_command_words(Sentence(text), "run it again").template for text in told}
    assert [text for text in changed.values() if BUTTONS.search(text)] == []
    assert sum("un it again" in text for text in changed.values()) > 10
    assert all("  " not in text and "{again}" not in text.lower() for text in changed.values())


def test_what_is_typed_stands_for_retry() -> None:
    full = Sentence.of("There is no room left on the disk of {folder}. Free some space, then press Retry.", folder="/x")
    assert str(in_command_words(full, "run triverse resume")).endswith("Free some space, then run triverse resume.")
    assert text_for_rows(full).endswith("then try the failed rows again.")
    damaged = Sentence.of("The file is kept. Press Retry to fetch it again.")
    assert text_for_rows(damaged) == "The file is kept. Try the failed rows again to fetch it again."


def test_what_a_user_has_written_is_left_alone() -> None:
    title = Sentence.of("“{name}” has failed.", name="press Retry")
    assert in_command_words(title, "run it again") is title


def test_a_folder_that_cannot_be_used_is_named_anew_with_data(tmp_path: Path) -> None:
    for error in (PermissionError(errno.EACCES, "Permission denied"), OSError(errno.EIO, "Input/output error")):
        told = str(in_command_words(unusable(tmp_path / "tasks.sqlite3", error).sentence, "run it again"))
        assert "hoose another folder with --data" in told
        assert "start Blender again" not in told
