# SPDX-License-Identifier: GPL-3.0-or-later
"""
Making models in the panel, as a user does: every flow, presets, prices, and what is said when something is not right.

One window serves all tests here; each begins with a new file. One: ``python scripts/test.py tests/gui/test_making.py
-k flows``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts._dev.pictures import Box
from scripts._dev.profiles import copy_profile
from scripts._dev.screen import BESIDE_PX
from scripts._dev.window import Blender, BlenderWindow
from tests.gui.conftest import StartingAs
from tests.gui.panel import COLLECTIONS, NEWEST, SESSION, UI, connected, set_prompt, settle, wait_for_stage
from tests.service.server import StandIn

SCENE = "bpy.context.window_manager.windows[0].scene"
GIVEN = f"{SCENE}.triverse"
TASKS = f"({SESSION}.engine.tasks() if {SESSION} else [])"
PREFERENCES = f"__import__('sys').modules['{UI}.settings'].preferences()"
DRAFT = f"__import__('sys').modules['{UI}.form.request'].draft(bpy.context)"
PRICE = f"({SESSION} and __import__('sys').modules['{UI}.generate.cost'].known_cost({DRAFT}))"


ROW_NUMBERS = (
    f"[int(''.join(filter(str.isdigit, words))) for words in"
    f" __import__('sys').modules['{UI}.state.task_presentation'].state({NEWEST})[1].split(' · ')]"
)
"""Percent and time left as the newest task's row would say them now: "40 % · 25 s left"."""

PERCENT_LEFT = r"(\d+) ?%\D{1,4}(\d+) ?\S? ?left"
"""The same as read; the s of the seconds is read as another sign now and then."""

STEP_S = 5
"""The time left is told in such steps; as a guess from a whole percentage it goes up and down by one meanwhile."""


def words_of_row(side: Box, title: Box) -> Box:
    """Where the words of the list's first row are: without thumbnail and button, which the eyes take for letters."""
    return Box(side.x + 73, title.y + 68, side.width - 150, 50)


MENU = Box(BESIDE_PX - 390, 0, 390, 600)
"""Where the menu of presets opens: over the sidebar and the text at its right."""


class Stage(NamedTuple):
    """One window with the panel open, and the service that it talks to."""

    window: BlenderWindow
    service: StandIn
    folder: Path
    side: Box

    def look_away(self) -> None:
        """Take the mouse off the panel: a button under it is lighter, and its text is hard to read."""
        self.window.screen.move(self.side.x - 200, self.side.y + 500)
        settle(self.window)

    def click(self, text: str) -> None:
        """Click on a text of the panel."""
        self.look_away()
        self.window.click_text(text, self.side)

    def choose(self, flow: str) -> None:
        """Choose what to make."""
        self.window.run(f"{GIVEN}.flow = flow", flow=flow)
        settle(self.window)

    def count(self) -> int:
        """How many tasks there are."""
        found = self.window.value(f"len({TASKS})")
        assert isinstance(found, int)
        return found

    def press_generate(self) -> None:
        """Press the button when it shows a price, and come back when there is one task more."""
        before = self.count()
        self.window.wait_for(PRICE)
        self.click("Generate")
        self.window.wait_for(f"len({TASKS}) == count", count=before + 1)


@pytest.fixture(scope="module")
def shared(
    blender: Blender, starting_as: StartingAs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[BlenderWindow, StandIn]]:
    folder = tmp_path_factory.mktemp("making")
    with StandIn(speed=20, samples=("1k", "20k", "geometry", "multi")) as service:
        home = copy_profile(starting_as(BESIDE_PX, narrow=True), folder / "home")
        with BlenderWindow(
            blender, folder / "window", home=home, env=connected(service), shares=[folder], width_px=BESIDE_PX
        ) as window:
            yield window, service


@pytest.fixture
def stage(shared: tuple[BlenderWindow, StandIn]) -> Iterator[Stage]:
    window, service = shared
    service.state.user.balance = 10_000
    window.run("with override(): bpy.ops.wm.read_homefile()")
    window.wait_for("len(bpy.context.window_manager.windows) > 0")
    side = window.show_sidebar("Triverse")
    # A short list: all of the panel is to be seen.
    window.run(f"for one in {TASKS}:\n {SESSION}.engine.forget(one.id)")
    window.wait_for(f"len({TASKS}) == 0 and {GIVEN}.is_seeded")
    window.run(f"{GIVEN}.flow = 'text-to-model'")
    window.wait_for(f"{SESSION} is not None")
    window.run(f"{SESSION}.price.request_balance()")
    window.wait_for(f"{SESSION}.price.balance and {SESSION}.price.balance.balance == 10_000")
    settle(window)
    said = len(window.log.read_text(errors="replace"))
    yield Stage(window, service, window.scratch.parent, side)
    service.faults.clear()
    window.run(f"{PREFERENCES}.ask_above_credits = 0")
    text = window.log.read_text(errors="replace")[said:]
    assert "Traceback" not in text, text
    assert set(service.state.charged_per_order().values()) <= {1}
    assert service.state.leaks == []


def picture(stage: Stage, name: str) -> str:
    """A small picture made by Blender."""
    path = str(stage.folder / f"{name}.png")
    stage.window.run(
        """
        image = bpy.data.images.new("made", 64, 64)
        image.pixels[0]
        image.file_format = "PNG"
        image.save(filepath=path)
        bpy.data.images.remove(image)
        """,
        path=path,
    )
    return path


# -----------------------------------------------------------------------------
# Every flow


FLOWS = {
    "text-to-model": {"prompt": "A red chair tris:1k"},
    "image-to-model": {"image_file": "chair"},
    "text-to-mesh": {"prompt": "A plain chair"},
    "image-to-mesh": {"image_file": "chair"},
    "texture-model": {"image_file": "chair"},
    "text-to-texture": {"prompt": "Red leather"},
    "multiview-to-model": {"front_image_file": "front", "left_image_file": "left", "back_image_file": "back"},
}


def test_all_flows_are_made_and_imported(stage: Stage) -> None:
    window, service = stage.window, stage.service
    for number, (flow, fields) in enumerate(FLOWS.items()):
        stage.choose(flow)
        for name, value in fields.items():
            filled = value if name == "prompt" else picture(stage, value)
            window.run(f"setattr({GIVEN}.shared, name, value)", name=name, value=filled)
        window.run(
            """
            with override():
                bpy.ops.object.select_all(action="DESELECT")
                cube = bpy.data.objects["Cube"]
                cube.hide_set(False)
                cube.select_set(True)
                bpy.context.view_layer.objects.active = cube
            """
        )
        stage.press_generate()
        wait_for_stage(window, "imported")
        assert window.value(f"{NEWEST}.flow") == flow
        assert window.value(f"{NEWEST}.error") is None
        assert len(window.value(COLLECTIONS)) == number + 1, flow
        has_images = window.value(
            "any(slot.material and slot.material.node_tree and any(node.type == 'TEX_IMAGE' for node in"
            " slot.material.node_tree.nodes) for one in bpy.data.collections if one.get('triverse_flow') == flow"
            " for obj in one.all_objects for slot in obj.material_slots)",
            flow=flow,
        )
        assert has_images == (not flow.endswith("-mesh")), flow
    assert [made.flow_name for made in service.state.creations] == list(FLOWS)
    sent = {made.flow_name: made.body for made in service.state.creations}
    assert {name for name in sent["multiview-to-model"] if name.endswith("_image_file")} == {
        "front_image_file",
        "left_image_file",
        "back_image_file",
    }
    window.save_shot("all-flows")


def test_an_experimental_flow_says_so_and_its_refusal_costs_nothing(stage: Stage) -> None:
    window, service = stage.window, stage.service
    stage.choose("multiview-to-model")
    window.wait_text("Experimental", stage.side)
    window.save_shot("experimental")
    window.run(f"{GIVEN}.shared.front_image_file = path", path=picture(stage, "front"))
    charged, balance = len(service.state.charged()), service.state.user.balance
    service.faults.add(
        "create", status=400, code=1004, message="Views are not open to your account.", suggestion="Send one picture."
    )
    stage.press_generate()
    wait_for_stage(window, "failed")
    settle(window)
    window.wait_text("Views are not open", stage.side)
    window.wait_text("Send one picture", stage.side)
    window.save_shot("refused-by-the-service")
    assert len(service.state.charged()) == charged
    assert service.state.user.balance == balance
    assert service.state.user.frozen == 0


# -----------------------------------------------------------------------------
# Where it stands, and what its row tells meanwhile


def extent(window: BlenderWindow, collection: str) -> tuple[list[float], list[float]]:
    """The lowest and the highest corner of what was imported, in the world."""
    low, high = window.run(
        """
        points = [
            obj.matrix_world @ vertex.co
            for obj in bpy.data.collections[name].all_objects
            if obj.type == "MESH"
            for vertex in obj.data.vertices
        ]
        result = [[reach(axis) for axis in zip(*points)] for reach in (min, max)]
        """,
        name=collection,
    )
    return low, high


def test_a_model_is_as_high_as_typed_and_stands_on_the_ground_at_the_cursor(stage: Stage) -> None:
    window, placing = stage.window, f"{GIVEN}.placing"
    window.run(f"{SCENE}.cursor.location = (3, -2, 0)")
    stage.click("Options")
    # As it comes, a part of this model is below its origin.
    stage.click("Stand on the Ground")
    window.wait_for(f"not {placing}.on_ground")
    set_prompt(window, "A multi thing")
    stage.press_generate()
    wait_for_stage(window, "imported")
    own_low, own_high = extent(window, "A multi thing")
    assert own_low[2] < -0.01

    stage.click("Stand on the Ground")
    window.wait_for(f"{placing}.on_ground")
    stage.click("Set Height")
    window.wait_for(f"{placing}.use_height")
    settle(window)
    stage.look_away()
    *_, label = window.find_text("Height", stage.side)
    window.fill_in(stage.side.x + stage.side.width * 2 // 3, label.center[1], "2.5")
    window.wait_for(f"abs({placing}.height - 2.5) < 1e-6")
    window.save_shot("height")
    # Both in one place, to be compared.
    stage.click("Avoid Objects")
    window.wait_for(f"not {placing}.step_aside")
    set_prompt(window, "A high multi thing")
    stage.press_generate()
    wait_for_stage(window, "imported")
    low, high = extent(window, "A high multi thing")
    assert (low[2], high[2]) == pytest.approx((0.0, 2.5), abs=1e-3)
    # Both stand at the cursor with the origin that the file gives them, the second that much larger.
    factor = 2.5 / (own_high[2] - own_low[2])
    for axis, at in ((0, 3.0), (1, -2.0)):
        assert low[axis] == pytest.approx(at + (own_low[axis] - at) * factor, abs=1e-3)
        assert high[axis] == pytest.approx(at + (own_high[axis] - at) * factor, abs=1e-3)
        assert low[axis] < at < high[axis]
    window.save_shot("on-the-ground")


def test_a_model_whose_place_is_taken_stands_next_to_what_is_there(stage: Stage) -> None:
    window = stage.window
    cube_low, cube_high = [-1.0] * 3, [1.0] * 3
    assert window.value("list(bpy.data.objects['Cube'].location)") == [0, 0, 0]
    set_prompt(window, "A vase for the cube")
    stage.press_generate()
    wait_for_stage(window, "imported")
    low, high = extent(window, "A vase for the cube")
    assert low[0] > cube_high[0] or high[0] < cube_low[0] or low[1] > cube_high[1] or high[1] < cube_low[1]
    assert max(map(abs, (*low, *high))) < 5.0
    settle(window)
    window.save_shot("next-to-the-cube")


def row_reads(window: BlenderWindow, part: Box, pattern: str) -> list[int]:
    """Read the numbers of a row under way, and see that the first two are its percent and the time that is left."""
    seen = []
    for _ in range(10):
        before = window.value(ROW_NUMBERS)
        settle(window)
        seen.append(window.text(part))
        after = window.value(ROW_NUMBERS)
        if found := re.search(pattern, seen[-1]):
            percent, left, *more = (int(number) for number in found.groups())
            is_near = min(before[1], after[1]) - STEP_S <= left <= max(before[1], after[1]) + STEP_S
            # If not, a digit was misread: of 13 % and 15 %, say. The numbers change, and another is read.
            if before[0] <= percent <= after[0] and is_near:
                return more
    raise AssertionError(f"{pattern} was not read, or not with the numbers of Blender, in: {seen}")


def test_a_row_tells_percent_time_left_and_cost(stage: Stage) -> None:
    window, service = stage.window, stage.service
    # 50 s at this pace, so that both numbers change only now and then while they are read.
    set_prompt(window, "A slow chair tris:1k run:1000")
    stage.press_generate()
    window.wait_for(f"({NEWEST}.progress or 0) >= 6")
    stage.look_away()
    title = window.wait_text("Tasks", stage.side)
    assert row_reads(window, words_of_row(stage.side, title), PERCENT_LEFT) == []
    window.save_shot("under-way")

    # Where there is room for it, its cost stands there too.
    for _ in range(2):
        window.run("with override('TEXT_EDITOR'): bpy.ops.screen.area_close()")
        settle(window)
    side = window.set_sidebar_width(560)
    stage.look_away()
    cost = window.value(f"{NEWEST}.cost_credits")
    assert cost
    assert row_reads(window, words_of_row(side, title), rf"{PERCENT_LEFT}\D{{1,4}}(\d+) credits") == [cost]
    window.save_shot("under-way-wide")
    # The next test's sidebar has the same width, for which a narrow viewport has no room.
    window.set_sidebar_width(stage.side.width)
    service.state.finish(window.value(f"{NEWEST}.task_uuid"))
    wait_for_stage(window, "imported")


# -----------------------------------------------------------------------------
# Presets and what was used last


def open_presets(stage: Stage) -> None:
    """Click on the symbol at the right of the Options until the menu is open: 5.2 does not hear each click."""
    for _ in range(5):
        stage.look_away()
        box = stage.window.wait_text("Options", stage.side)
        stage.window.click(stage.side.x + stage.side.width - 57, box.center[1])
        settle(stage.window)
        if stage.window.find_text("Draft", MENU):
            return


def choose_preset(stage: Stage, name: str) -> None:
    """Open the menu and click on a preset."""
    open_presets(stage)
    stage.window.click_text(name, MENU)


def beside(stage: Stage, name: str) -> None:
    """Open the menu, and click on what is at the right of a preset or of the field for a new one."""
    open_presets(stage)
    y = stage.window.wait_text(name, MENU).center[1]
    stage.window.save_shot("presets")
    stage.window.click(stage.side.x + stage.side.width + 53, y)
    stage.window.key("Escape")
    stage.look_away()


def test_presets_are_used_added_and_removed_by_clicks(stage: Stage) -> None:
    window = stage.window
    values = f"[getattr({GIVEN}.text_to_model, name) for name in ('turbo', 'polygon_limit', 'texture_size')]"
    choose_preset(stage, "Draft")
    window.wait_for(f"{values} == [True, 50_000, '1024']")
    choose_preset(stage, "Standard")
    window.wait_for(f"{values} == [False, 300_000, '2048']")
    choose_preset(stage, "Hero")
    window.wait_for(f"{values} == [False, 1_000_000, '4096']")

    window.run(f"{GIVEN}.text_to_model.polygon_limit = 123_000")
    window.run("bpy.context.window_manager.preset_name = 'Props'")
    there = "(__import__('pathlib').Path(bpy.utils.user_resource('SCRIPTS')) / path).exists()"
    path = "presets/triverse/text-to-model/Props.py"
    beside(stage, "Props")
    window.wait_for(there, path=path)

    window.run(f"{GIVEN}.text_to_model.polygon_limit = 5_000")
    window.run(f"{GIVEN}.text_to_model.negative_prompt = 'no wheels'")
    choose_preset(stage, "Props")
    window.wait_for(f"{values} == [False, 123_000, '4096']")
    assert window.value(f"{GIVEN}.text_to_model.negative_prompt") == "no wheels"
    beside(stage, "Props")
    window.wait_for(f"not {there}", path=path)


# -----------------------------------------------------------------------------
# Credits


def test_a_dear_task_asks_first_and_no_means_no(stage: Stage) -> None:
    window, service = stage.window, stage.service
    set_prompt(window, "A dear chair tris:1k")
    window.run(f"{PREFERENCES}.ask_above_credits = 5")
    window.wait_for(PRICE)
    cost = window.value(PRICE)
    window.wait_for(f"{SESSION}.price.balance is not None")
    before = len(service.state.creations)
    stage.click("Generate")
    window.wait_text(f"Generate for {cost} Credits")
    window.wait_text("You have 10000 credits")
    window.save_shot("ask-first")
    window.key("Escape")
    # A click beside a dialog that is still open only closes it.
    window.wait_no_text("You have 10000 credits")
    settle(window)
    assert window.value(f"len([one for one in {TASKS} if 'dear' in one.name])") == 0
    assert len(service.state.creations) == before

    stage.click("Generate")
    window.wait_text("You have 10000 credits")
    # A picture that was seen before is read quicker than anybody reads.
    window.run(f"__import__('sys').modules['{UI}.generate.operators']._READ_S = 0.0")
    window.key("Return")
    window.wait_for(f"any('dear' in one.name for one in {TASKS})")
    wait_for_stage(window, "imported")
    assert len(service.state.creations) == before + 1


def test_too_few_credits_grey_the_button_say_so_and_lead_to_the_account(stage: Stage) -> None:
    window, service = stage.window, stage.service
    set_prompt(window, "A poor chair")
    window.wait_for(PRICE)
    service.state.user.balance = 3
    window.run(f"{SESSION}.price.request_balance()")
    window.wait_for(f"{SESSION}.price.balance and {SESSION}.price.balance.balance == 3")
    settle(window)
    window.wait_text("and you have 3", stage.side)
    window.save_shot("too-few-credits")
    before = stage.count()
    stage.click("Generate")
    assert stage.count() == before
    window.run("import webbrowser; state['opened'] = []; webbrowser.open = state['opened'].append")
    stage.click("Keys and Credits")
    window.wait_for("state['opened']")
    assert window.value("state['opened'][0]").startswith("https://docs.triverse.ai/")


# -----------------------------------------------------------------------------
# What cannot be used


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(stage: Stage) -> None:
    window, service = stage.window, stage.service
    before = len(service.state.creations), len(service.state.uploads), stage.count()
    text = stage.folder / "notes.txt"
    text.write_text("no picture")
    wrong = (
        ("text-to-model", "prompt", "ab", "must have at least 3"),
        ("image-to-model", "image_file", "", "Picture is missing"),
        ("multiview-to-model", "left_image_file", str(text), "notes.txt is not"),
        ("model-remesh", "model_file", str(text), "notes.txt is not"),
    )
    good = picture(stage, "good")
    for flow, field, value, sentence in wrong:
        window.run(
            f"""
            shared = {GIVEN}.shared
            for name in shared.bl_rna.properties.keys():
                if name.endswith("image_file"):
                    setattr(shared, name, good)
            shared.prompt = "A red chair"
            setattr(shared, field, value)
            {GIVEN}.use_selection = flow != "model-remesh"
            """,
            good=good,
            flow=flow,
            field=field,
            value=value,
        )
        stage.choose(flow)
        stage.click("Generate")
        window.wait_for(f"field in {SESSION}.rejected", field=field)
        settle(window)
        found = window.wait_text(sentence, stage.side)
        assert found.y < window.wait_text("Options", stage.side).y, "it is at the field, above what follows"
    window.save_shot("wrong-inputs")
    assert (len(service.state.creations), len(service.state.uploads), stage.count()) == before
