# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who looks elsewhere is told: by the system's notification and a sound, in the header, and by a pie menu."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.conftest import ADDON
from tests.blender.drawing import Tick, add_records, poll_message, record
from tests.blender.recorder import Recorder, draw
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.run.dispatcher import BATCH_ORIGIN
from triverse_addon.tasks.record.record import Origin, Stage
from triverse_addon.ui.away import ends, sound, system_notification

NAMES = ("A chair", "-e --help $(touch x) `id`; rm & \"q\" 'q' \\ %s <b>bold</b> ü椅子\nline", "nul\0 and \udcff")

#: Stands in for a program: notes its arguments and whether it was given the key.
_FAKE = """#!{python}
import os, pathlib, sys
told = pathlib.Path({told!r})
told.write_text(repr((sys.argv[1:], "TRIVERSE_API_KEY" in os.environ)), encoding="utf-8")
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fake programs on PATH, and only they, note what they are told."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TRIVERSE_API_KEY", "secret")
    return tmp_path / "told"


def fake(told: Path, program: str) -> None:
    """Put a program on PATH."""
    path = told.parent / "bin" / program
    path.write_text(_FAKE.format(python=sys.executable, told=str(told)), encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("name", NAMES)
def test_the_program_gets_the_texts_as_they_are(told: Path, name: str) -> None:
    fake(told, "notify-send")
    assert system_notification.show("Triverse", name)
    arguments, has_key = eval(told.read_text(encoding="utf-8"))
    plain = name.replace("\0", "").encode(errors="replace").decode()
    assert arguments[-3:-1] == ["--", "Triverse"]
    assert arguments[-1] == plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert not has_key


@pytest.mark.parametrize("name", NAMES)
def test_without_it_the_bus_is_told(told: Path, name: str) -> None:
    fake(told, "gdbus")
    assert system_notification.show("Triverse", name)
    arguments, has_key = eval(told.read_text(encoding="utf-8"))
    text = arguments[-4]
    assert (text[0], text[-1]) == ("'", "'")
    assert not {"'", '"', "\n"} & set(text[1:-1]), "the string ends where it should"
    assert not has_key


def test_other_systems_get_the_texts_outside_of_their_scripts(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(told, "osascript")
    found = system_notification.command("Triverse", NAMES[1], system="darwin")
    assert found is not None
    assert found.argv[-2:] == ("Triverse", NAMES[1])
    assert NAMES[1] not in "".join(found.argv[:-1])

    monkeypatch.setattr(system_notification.Path, "exists", lambda self: True)
    monkeypatch.setenv("SYSTEMROOT", "D:\\Windows")
    found = system_notification.command("Triverse", NAMES[1], system="win32")
    assert found is not None
    assert found.argv[0] == "D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
    assert NAMES[1] not in " ".join(found.argv)
    assert NAMES[1] in found.env.values()


def test_a_system_without_a_program_is_left_alone(told: Path) -> None:
    assert not system_notification.show("Triverse", "A chair is ready.")
    assert len(system_notification._plain("x" * 1000)) < 300


def test_a_program_that_fails_harms_nothing(told: Path) -> None:
    path = told.parent / "bin" / "notify-send"
    path.write_text("no program", encoding="utf-8")
    path.chmod(0o755)
    assert not system_notification.show("Triverse", "A chair is ready.")
    assert not sound.play() or sys.modules.get("aud") is not None


class Heard:
    """Notes what is shown and played."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.played = 0
        self.ends = ends.Ends(lambda title, text: self.shown.append(text), self._play)

    def _play(self) -> None:
        self.played += 1

    def tell(self, monkeypatch: pytest.MonkeyPatch, *, notify: bool = True, play_sound: bool = False) -> list[str]:
        """Tick after the others were waited for, and return what was shown."""
        monkeypatch.setattr(ends, "_TOGETHER_S", 0.0)
        self.ends.tick(str, notify=notify, play_sound=play_sound)
        ends_at_s = time.monotonic() + 20
        while self.ends._thread is not None and self.ends._thread.is_alive():
            assert time.monotonic() < ends_at_s
            time.sleep(0.01)
        shown, self.shown = self.shown, []
        return shown


def test_a_notification_that_cannot_be_shown_is_told_once(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system without a program for it: the user has asked for it, and would wait in vain."""
    heard, notices = Heard(), []
    heard.ends = ends.Ends(tell=notices.append)
    for name in ("A chair", "A table", "A lamp"):
        heard.ends.add(Stage.CONVERTING, record(name, Stage.READY, following=True))
        heard.tell(monkeypatch)
    assert [notice.sentence for notice in notices] == [ends._NOT_SHOWN]
    assert not told.exists()


def test_only_the_end_of_the_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    ready = record("A chair", Stage.READY, following=True)
    heard.ends.add(Stage.CONVERTING, ready)
    assert heard.tell(monkeypatch) == ["“A chair” is ready."]
    heard.ends.add(Stage.READY, record("A chair", Stage.IMPORTED, following=True))
    heard.ends.add(Stage.IMPORTED, ready)
    heard.ends.add(Stage.CONVERTING, record("Left alone", Stage.READY))
    heard.ends.add(Stage.QUEUED, record("Cancelled before it was sent", Stage.CANCELLED, following=True))
    assert not heard.ends.is_waiting, "what the user does is no news"
    for number in range(5):
        heard.ends.add(Stage.CONVERTING, record(f"chair {number}", Stage.READY, following=True))
    heard.ends.add(Stage.WAITING, record("A table", Stage.FAILED, following=True))
    heard.ends.add_sentence(Sentence.of("The batch is done."))
    assert heard.tell(monkeypatch, play_sound=True) == [
        "5 models are ready: chair 0, chair 1, chair 2, …\n“A table” failed. The panel says why.\nThe batch is done."
    ]
    assert heard.played == 1
    heard.ends.add(Stage.CONVERTING, ready)
    assert heard.tell(monkeypatch, notify=False) == []
    assert not heard.ends.is_waiting, "nothing is kept that nobody wants to hear"


def test_a_session_tells_if_the_user_wants_it(here: Any, tick_until: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "_TOGETHER_S", 0.0)
    heard = Heard()
    here.ends = heard.ends
    waiting = [record(name, Stage.CONVERTING, following=True) for name in ("one", "two")]
    of_batch = record("of a batch", Stage.CONVERTING, following=True, origin=Origin(session=BATCH_ORIGIN))
    add_records(*waiting, of_batch)
    here._stages.update({one.id: one.stage for one in (*waiting, of_batch)})
    preferences = bpy.context.preferences.addons[ADDON].preferences
    assert not preferences.notify_when_done, "off until it is asked for"
    assert not preferences.sound_when_done

    def end(one: Any) -> None:
        here.engine._context.changed(one.with_(stage=Stage.READY, revision=one.revision + 10))
        tick_until(lambda: here._stages[one.id] is Stage.READY)
        here.tick(0.01, may_import=False)

    end(waiting[0])
    preferences.notify_when_done = True
    end(of_batch)
    end(waiting[1])
    tick_until(lambda: heard.shown)
    assert heard.shown == ["“two” is ready."]


def test_the_header_shows_what_the_closed_sidebar_would(here: Any) -> None:
    from triverse_addon.ui.timers import viewport_header

    def drawn(*, is_open: bool) -> Recorder:
        layout = Recorder()
        context = SimpleNamespace(space_data=SimpleNamespace(show_region_ui=is_open))
        viewport_header._draw(SimpleNamespace(layout=layout), context)
        return layout

    assert drawn(is_open=False).drawn == [], "nothing is under way"
    moving = {"following": True, "service_status": "RUNNING", "progress": 40}
    add_records(record("A", Stage.WAITING, task_uuid="u-1", **moving))
    (bar, button) = drawn(is_open=False).drawn
    assert bar.text.endswith(" %")
    assert button.given["operator"] == "triverse.open_sidebar"
    assert drawn(is_open=True).drawn == []
    add_records(record("B", Stage.WAITING, task_uuid="u-2", **moving))
    assert drawn(is_open=False).texts()[0].startswith("2 · ")


def test_the_header_leads_a_new_user_to_the_panel(here: Any) -> None:
    from triverse_addon.ui.form import last_used
    from triverse_addon.ui.timers import viewport_header

    def drawn(*, is_open: bool) -> Recorder:
        layout = Recorder()
        context = SimpleNamespace(space_data=SimpleNamespace(show_region_ui=is_open))
        viewport_header._draw(SimpleNamespace(layout=layout), context)
        return layout

    last_used.seed(bpy.context.scene)
    assert last_used.is_known_empty()
    (button,) = drawn(is_open=False).drawn
    assert (button.text, button.given["operator"]) == ("Triverse", "triverse.open_sidebar")
    assert drawn(is_open=True).drawn == []
    # Whoever has ordered something knows the way.
    last_used.save(bpy.context.scene.triverse, "text-to-model")
    assert drawn(is_open=False).drawn == []


def test_the_pie_menu_has_no_key_and_eight_entries(here: Any) -> None:
    from triverse_addon.ui.generate import pie_menu

    assert len(draw(pie_menu.TRIVERSE_MT_pie).operators()) == 8
    from triverse_addon.ui.generate import add_menu

    assert "triverse.pie" in draw(add_menu.TRIVERSE_MT_add).operators()
    assert "3D viewport" in poll_message(bpy.ops.triverse.pie)
