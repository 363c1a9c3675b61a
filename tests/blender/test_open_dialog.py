# SPDX-License-Identifier: GPL-3.0-or-later
"""An open dialog is drawn anew when a price arrives, and its region is never used once it may be gone."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import session
from triverse_addon.api.payloads import Balance
from triverse_addon.tasks.record.events import BalanceKnown
from triverse_addon.ui.generate import add_menu, drop_handler, extra_orders
from triverse_addon.ui.task_list import make_from, result_operators
from triverse_addon.ui.timers import open_dialog, redraw


class Region:
    """Counts how often it is to be drawn anew."""

    refreshes = 0

    def tag_refresh_ui(self) -> None:
        self.refreshes += 1


@open_dialog.follows_price
class Dialog:
    """As an operator."""

    is_allowed = True
    ended = ""

    @classmethod
    def poll(cls, _context: Any) -> bool:
        return cls.is_allowed

    def draw(self, _context: Any) -> None:
        self.ended = ""
        open_dialog.follows(lambda: session().price.balance)

    def execute(self, _context: Any) -> set[str]:
        self.ended = "executed"
        return {"FINISHED"}

    def cancel(self, _context: Any) -> None:
        self.ended = "cancelled"


def context_of(region: Region | None) -> Any:
    """Return the context in which Blender draws a dialog."""
    return SimpleNamespace(region_popup=region, screen=bpy.context.window_manager.windows[0].screen)


def balance_arrives(balance: int = 10) -> None:
    session().price.store_balance(BalanceKnown(Balance(balance, 0), None))
    redraw.redraw()


@pytest.fixture
def dialog(here: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Dialog, Region]:
    """A dialog that was drawn."""
    monkeypatch.setattr(Dialog, "is_allowed", True)
    operator, region = Dialog(), Region()
    operator.draw(context_of(region))
    return operator, region


def test_it_is_drawn_anew_once_for_what_arrives(dialog: tuple[Dialog, Region]) -> None:
    operator, region = dialog
    redraw.redraw()
    assert region.refreshes == 0
    balance_arrives()
    assert region.refreshes == 1
    operator.draw(context_of(region))
    balance_arrives()
    assert region.refreshes == 1, "it shows the same"
    balance_arrives(20)
    assert region.refreshes == 2


@pytest.mark.parametrize(
    ("close", "ended"),
    [
        (lambda operator: operator.execute(None), "executed"),
        (lambda operator: operator.cancel(None), "cancelled"),
        (lambda operator: refused(operator), ""),
        (lambda operator: open_dialog.forget(), ""),
    ],
    ids=["ordered", "left", "refused", "unregistered"],
)
def test_it_is_left_alone_once_it_is_closed(
    dialog: tuple[Dialog, Region], close: Callable[[Dialog], object], ended: str
) -> None:
    operator, region = dialog
    close(operator)
    balance_arrives()
    assert region.refreshes == 0
    assert operator.ended == ended


def refused(operator: Dialog) -> None:
    """Press its button when the order is no longer allowed: Blender asks ``poll()`` and nothing else."""
    assert type(operator).poll(None)
    type(operator).is_allowed = False
    assert not type(operator).poll(None)


def test_a_button_that_is_asked_whether_it_is_allowed_closes_nothing(dialog: tuple[Dialog, Region]) -> None:
    operator, region = dialog
    assert type(operator).poll(None)
    balance_arrives()
    assert region.refreshes == 1


def test_a_file_that_is_chosen_from_it_is_shown(dialog: tuple[Dialog, Region]) -> None:
    _, region = dialog
    assert bpy.ops.triverse.choose_file(field="image_file", filepath="/chair.png") == {"FINISHED"}
    assert region.refreshes == 1


def test_another_screen_in_the_window_leaves_it_alone(
    dialog: tuple[Dialog, Region], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, region = dialog
    operator.draw(SimpleNamespace(region_popup=region, screen=SimpleNamespace(name="Of the file before")))
    balance_arrives()
    assert region.refreshes == 0


def test_what_is_drawn_outside_a_dialog_is_none(here: Any) -> None:
    Dialog().draw(context_of(None))
    balance_arrives()
    assert open_dialog._open is None


@pytest.mark.parametrize(
    "cls",
    [
        add_menu.TRIVERSE_OT_add_from_text,
        drop_handler.TRIVERSE_OT_drop,
        extra_orders.TRIVERSE_OT_improve_prompt,
        extra_orders.TRIVERSE_OT_picture_from_words,
        make_from.TRIVERSE_OT_make_from,
        result_operators.TRIVERSE_OT_preview_renders,
    ],
    ids=lambda cls: cls.bl_idname,
)
def test_every_dialog_with_a_price_does_so(cls: Any) -> None:
    for name in ("draw", "execute", "cancel"):
        assert "open_dialog" in getattr(cls, name).__code__.co_filename, name
    assert "open_dialog" in cls.poll.__func__.__code__.co_filename
