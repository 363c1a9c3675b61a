# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that are no models, by mouse: a better prompt, a picture that becomes a model, renders of a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts._dev.pictures import Box
from scripts._dev.screen import MIDDLE_PX
from scripts._dev.window import BlenderWindow
from tests.gui.conftest import OpenWindow
from tests.gui.panel import (
    NEWEST,
    ROW_PX,
    SESSION,
    UI,
    choose_in_submenu,
    connected,
    generate,
    press,
    press_right_of,
    settle,
    type_prompt,
    wait_for_stage,
)
from tests.service.results import COLORS
from tests.service.server import StandIn

BETTER = "a stone well, fine detail, studio light"
PROPS = "bpy.context.window_manager.windows[0].scene.triverse"
SHOWN = f"__import__('sys').modules['{UI}.viewport.preview'].shown"
TEXTURES = f"__import__('sys').modules['{UI}.viewport.textures']"
TASKS = f"len({SESSION}.engine.tasks())"


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, twenty times as fast, with several pictures in a list."""
    with StandIn(speed=20.0, samples=("1k",)) as standin:
        standin.state.settings.answer_shape = "list"
        yield standin


def sees_price(window: BlenderWindow, name: str, credits: int, dialog: Box | None = None) -> Box:
    """Check that a dialog says what its order costs, and return where it is: what was opened last, if not given."""
    window.wait_text("Order")
    settle(window)
    window.save_shot(name)
    dialog = dialog or window.screen.opened()
    assert dialog is not None
    assert window.find_text(f"Costs {credits} credits", dialog)
    assert not window.find_text("has not said yet", dialog)
    return dialog


def know_price(window: BlenderWindow, flow: str) -> None:
    """Wait until the service has said what a flow costs, which the panel asks by itself."""
    window.wait_for(f"{SESSION} and any(flow in key for key in {SESSION}.price._answers)", flow=flow)


def sees_picture(window: BlenderWindow, number: int) -> None:
    """Check that the large preview shows a picture of several, and says which."""
    window.wait_for(f"not {SESSION}.details.previews.is_waiting and len({TEXTURES}._of_sources) == {number}")
    settle(window)
    window.save_shot(f"renders-{number}")
    view = window.box("VIEW_3D", "WINDOW")
    window.wait_text(f"{number} of 3", Box(view.x, view.y + view.height - 60, view.width, 60))
    left, low, width, height = window.value(f"{SHOWN}.places[0]")
    x, y = round(view.x + left + width / 2), round(view.y + view.height - low - height / 2)
    color = window.screen.picture(Box(x, y, 1, 1)).getpixel((0, 0))
    assert color == pytest.approx(COLORS[number - 1], abs=6)


def sees_the_price_come(window: BlenderWindow, service: StandIn, side: Box) -> None:
    """Open the dialog of a better prompt before its price has come, and leave it when it says it."""
    know_price(window, "text-to-model")
    late = service.faults.add("quote", delay_answer_s=600)
    type_prompt(window, side, "a stone well")
    settle(window)
    press_right_of(window, side, "Text to Model", 97, ROW_PX)
    window.wait_text("Order")
    settle(window)
    window.save_shot("price-not-yet")
    dialog = window.screen.opened()
    assert dialog is not None
    assert window.find_text("The service has not said yet what this costs", dialog)
    window.wait_for(f"{SESSION}.price._asked")
    late.release()
    # Nothing is done in the window meanwhile.
    window.wait_text("Costs 1 credit", dialog)
    window.save_shot("price-has-come")
    assert not window.find_text("has not said yet", dialog)
    window.key("Escape")
    window.wait_no_text("Order", dialog)
    # What comes after it is closed is for the panel alone.
    window.run(f"{SESSION}.price.request_balance()")
    window.wait_for(f"not {SESSION}.price.is_waiting")
    assert service.state.user.charged == 0


def improve(window: BlenderWindow, side: Box) -> None:
    """Press the sparkle beside the prompt, and order in the dialog."""
    know_price(window, "prompt-optimization")
    press_right_of(window, side, "Text to Model", 97, ROW_PX)
    sees_price(window, "improve-dialog", 1)
    window.click_text("Order")
    wait_for_stage(window, "done")
    settle(window)


def test_a_better_prompt_is_offered_and_mine_comes_back(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=MIDDLE_PX)
    side = window.show_sidebar("Triverse")
    sees_the_price_come(window, service, side)
    improve(window, side)
    window.save_shot("improve-offer")
    assert window.value(f"{PROPS}.shared.prompt") == "a stone well"
    press(window, side, "Keep Mine")
    assert window.value(f"{PROPS}.shared.prompt") == "a stone well"
    # It stays at its task.
    press(window, side, "Use Prompt")
    window.wait_for(f"{PROPS}.shared.prompt == words", words=BETTER)
    settle(window)
    window.save_shot("improve-used")
    window.hover()
    window.key("ctrl+z")
    window.wait_for(f"{PROPS}.shared.prompt == 'a stone well'")
    assert service.state.user.charged == 1


def test_a_picture_from_words_becomes_a_model(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=MIDDLE_PX)
    side = window.show_sidebar("Triverse")
    type_prompt(window, side, "a stone well tris:1k")
    window.run(f"{PROPS}.flow = 'image-to-model'")
    settle(window)
    know_price(window, "image-generation")
    press_right_of(window, side, "Image to Model", 57, ROW_PX)
    window.click_text("Picture from Words")
    sees_price(window, "picture-dialog", 4)
    window.click_text("Order")
    wait_for_stage(window, "done")
    settle(window)
    window.wait_text("Model from This", side)
    window.save_shot("picture-done")
    press(window, side, "Model from This")
    window.wait_for(f"{PROPS}.shared.image_file == {NEWEST}.preview_path")
    settle(window)
    window.save_shot("picture-chosen")
    window.click_text("Generate", side)
    window.wait_for(f"{NEWEST}.flow == 'image-to-model'")
    wait_for_stage(window, "imported")
    assert service.state.user.charged == 4 + 25


def test_renders_of_a_model_are_turned_through(open_window: OpenWindow, service: StandIn) -> None:
    window = open_window(env=connected(service), width_px=MIDDLE_PX)
    side = generate(window, "A red chair tris:1k")
    wait_for_stage(window, "imported")
    settle(window)
    know_price(window, "model-preview-render")
    choose_in_submenu(window, side, "Make From This", "Preview Renders")
    dialog = sees_price(window, "renders-dialog", 5)
    # With another number, too.
    window.wait_for(f"sum('model-preview-render' in key for key in {SESSION}.price._answers) == 10")
    x, y = window.wait_text("Order").center[0], window.wait_text("Pictures", dialog).center[1]
    window.fill_in(x, y, "4")
    sees_price(window, "renders-dialog-4", 5, dialog)
    window.fill_in(x, y, "3")
    window.click_text("Order")
    window.wait_for(f"{TASKS} == 2")
    wait_for_stage(window, "done")
    settle(window)
    window.wait_text("Open Folder", side)
    window.save_shot("renders-done")
    y = window.wait_text("Done", side).center[1]
    window.click(side.x + 38, y - 8)
    window.wait_for(f"{SHOWN} is not None")
    assert window.value(f"[tile.task_id for tile in {SHOWN}.tiles]") == [window.value(f"{NEWEST}.id")]
    sees_picture(window, 1)
    window.screen.move(*window.box("VIEW_3D", "WINDOW").center)
    window.key("Right")
    window.wait_for(f"{SHOWN}.view == 1")
    sees_picture(window, 2)
    window.key("Escape")
    window.wait_for(f"{SHOWN} is None")
