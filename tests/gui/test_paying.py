# SPDX-License-Identifier: GPL-3.0-or-later
"""
Nothing is paid by accident, tried by mouse: double clicks, the same order again, and what was spent.

One window serves all tests here. One: ``python scripts/test.py tests/gui/test_paying.py -k double``.
"""

from __future__ import annotations

from scripts._dev.pictures import Box
from tests.gui.panel import SESSION, UI, set_prompt, settle, wait_for_stage
from tests.gui.test_making import PRICE, TASKS, Stage, shared, stage

__all__ = ["shared", "stage"]  # fixtures


def test_a_double_click_orders_once_and_the_same_again_is_asked_about(stage: Stage) -> None:
    window, service = stage.window, stage.service
    # This machine may take long between two clicks.
    window.run(f"__import__('sys').modules['{UI}.state.recent_orders'].ASK_S = 600.0")
    window.run(f"__import__('sys').modules['{UI}.generate.operators']._READ_S = 10.0")
    ordered = f"len([one for one in {TASKS} if 'twice' in one.name])"
    set_prompt(window, "A chair pressed twice tris:1k")
    window.wait_for(PRICE)
    cost = window.value(PRICE)
    stage.look_away()
    button = window.wait_text(f"Generate · {cost} credits", stage.side)
    window.click(*button.center, times=2)
    window.wait_for(f"{ordered} > 0")
    window.wait_for(f"not {SESSION}.orders.is_resting")
    wait_for_stage(window, "imported")
    assert window.value(ordered) == 1

    # The second click hits the button of the question, which nobody has read.
    stage.look_away()
    button = window.wait_text(f"Generate · {cost} credits", stage.side)
    window.click(*button.center, times=2)
    window.pass_events()
    window.save_shot("twice")
    assert window.value(ordered) == 1
    window.key("Escape")
    settle(window)

    window.run(f"__import__('sys').modules['{UI}.generate.operators']._READ_S = 0.0")
    stage.click("Generate")
    window.wait_text("You have just ordered this. Another one?")
    window.save_shot("another-one")
    window.key("Return")
    window.wait_for(f"{ordered} == 2")
    wait_for_stage(window, "imported")
    assert len([made for made in service.state.creations if "twice" in str(made.body)]) == 2

    stage.look_away()
    balance = window.wait_text("credits", Box(stage.side.x, button.y + 25, stage.side.width, 50))
    window.click(*balance.center)
    window.wait_text("This Month")
    window.wait_text("Export Spending")
    window.save_shot("spending")
    window.key("Escape")
    settle(window)
    window.run(f"__import__('sys').modules['{UI}.state.recent_orders'].ASK_S = 10.0")
