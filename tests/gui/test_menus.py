# SPDX-License-Identifier: GPL-3.0-or-later
"""
Every entry of every menu, popover and dropdown, chosen with the mouse.

Found by walking the registered classes: a menu that is added and not used here fails. One window serves all tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatch

import pytest

from scripts._dev import stored
from scripts._dev.pictures import Box
from scripts._dev.profiles import copy_profile
from scripts._dev.screen import BESIDE_PX
from scripts._dev.window import Blender, BlenderWindow
from tests.gui.conftest import StartingAs
from tests.gui.menu_stage import (
    COUNT,
    COVERED,
    DIALOGS,
    ELSEWHERE,
    GIVEN,
    IMPORTED,
    MAKE_FROM,
    MAKE_FROM_PICTURE,
    MANAGER,
    ORDERED_PICTURE,
    ORGANIZE,
    PREFERENCES,
    RAN,
    SET_BY_CODE_ONLY,
    SOURCES,
    TOTAL,
    WAITING,
    Stage,
    ask_for_tooltips,
    choose_inside,
    choose_known_values,
    choose_task,
    is_run,
    is_run_bare,
    labels_of,
    leave,
    menu_button,
    ready_sources,
    uses,
)
from tests.gui.menus import RECORD, Account, Mouse, found
from tests.gui.panel import ROW_PX, SESSION, UI, connected, set_prompt, settle, show_preferences, wait_for_stage
from tests.gui.test_batch_panel import choose as choose_batch
from tests.gui.test_batch_panel import ended, open_panel
from tests.service.server import StandIn

pytestmark = pytest.mark.kind("menu-numbers")

AWAY_PX = 40
"""From the left of the window: over the empty text."""


@pytest.fixture(scope="module")
def shared(
    blender: Blender, starting_as: StartingAs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[BlenderWindow, StandIn]]:
    folder = tmp_path_factory.mktemp("menus")
    with StandIn(speed=20, samples=("1k",)) as service:
        home = copy_profile(starting_as(BESIDE_PX, narrow=True), folder / "home")
        stored.fill(stored.data_folder(home), COUNT)
        # There is no desktop that could open a folder or a file.
        programs = folder / "programs"
        programs.mkdir()
        (programs / "xdg-open").write_text("#!/bin/sh\n")
        (programs / "xdg-open").chmod(0o755)
        env = connected(service) | {"PATH": f"{programs}:{os.environ['PATH']}"}
        with BlenderWindow(
            blender, folder / "window", home=home, env=env, shares=[folder], width_px=BESIDE_PX
        ) as window:
            window.run(RECORD, ui=UI)
            yield window, service


@pytest.fixture
def stage(shared: tuple[BlenderWindow, StandIn]) -> Iterator[Stage]:
    window, service = shared
    service.state.clock.speed = 20.0
    window.run("for _, area in areas('PREFERENCES'): area.type = 'VIEW_3D'")
    window.run("with override(): bpy.ops.wm.read_homefile()")
    window.wait_for("len(bpy.context.window_manager.windows) > 0")
    side = window.show_sidebar("Triverse")
    window.wait_for(f"{SESSION} and {SESSION}.pager.page.total >= count and {GIVEN}.is_seeded", count=COUNT)
    window.wait_for(f"{SESSION}.price.balance is not None")
    # One of whose state little is to be said: all panels are to be seen.
    choose_task(window, window.value(f"{SESSION}.page_records()[-1].id"))
    settle(window)
    said = len(window.log.read_text(errors="replace"))
    mouse = Mouse(window, (AWAY_PX, side.y + 600))
    yield Stage(window, service, side, mouse, found(window))
    text = window.log.read_text(errors="replace")[said:]
    assert "Traceback" not in text, text
    assert "matches no enum" not in text, text
    assert not service.state.leaks


@pytest.fixture
def account(record_property: Callable[[str, object], None]) -> Account:
    return Account(record_property)


# -----------------------------------------------------------------------------
# What there is


def test_there_is_a_test_for_every_menu(stage: Stage, counted: Callable[[str, int], None]) -> None:
    names = set(stage.menus) - SET_BY_CODE_ONLY - set(ELSEWHERE)
    assert all(stage.menus[name] for name in names), stage.menus
    assert all(name in stage.menus for name in ELSEWHERE)
    assert not {name for name in names if not any(fnmatch(name, one) for one in COVERED)}
    assert not {one for one in COVERED if not any(fnmatch(name, one) for name in names)}
    count = sum(len(stage.menus[name]) for name in names)
    counted("menus", len(names))
    counted("entries, each chosen by mouse", count)
    print(f"\n{len(names)} menus, popovers and dropdowns were found by walking the classes, with {count} entries.")


# -----------------------------------------------------------------------------
# Dropdowns


@uses("TriverseScene.flow")
def test_what_to_make(stage: Stage, account: Account) -> None:
    window, button = stage.window, stage.place("Text to Model")
    labels = labels_of(window, GIVEN, "flow")
    for entry in stage.mouse.choose_each(
        button, stage.part, labels, f"{GIVEN}.flow == {{!r}}".format, order=[*labels.values()]
    ):
        account.note("TriverseScene.flow", entry)
    window.save_shot("chosen")
    account.close(stage.menus, ["TriverseScene.flow"])
    # As it was saved, it comes back.
    path = str(window.scratch / "chosen.blend")
    last = list(labels)[-1]
    window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=path)
    window.run("with override(): bpy.ops.wm.open_mainfile(filepath=path)", path=path)
    window.wait_for(f"bpy.data.filepath == path and {GIVEN}.flow == last", path=path, last=last)


def test_a_file_that_a_click_has_broken_is_whole_again(stage: Stage) -> None:
    """Version 0.1.0 and a menu of 4.3 left this number for "Image to Mesh"."""
    window = stage.window
    path = str(window.scratch / "broken.blend")
    window.run(
        f"""
        given = {GIVEN}
        kept = given.bl_system_properties_get(do_create=True) if hasattr(given, "bl_system_properties_get") else given
        kept["flow"] = 1056332032
        with override():
            bpy.ops.wm.save_as_mainfile(filepath=path)
            bpy.ops.wm.open_mainfile(filepath=path)
        """,
        path=path,
    )
    window.wait_for(f"bpy.data.filepath == path and {GIVEN}.flow == 'image-to-mesh'", path=path)
    side = window.show_sidebar("Triverse")
    window.wait_text("Image to Mesh", side)
    window.wait_text("Generate", side)


@uses("TriverseSettings_*.*")
def test_the_settings_of_every_flow(stage: Stage, account: Account) -> None:
    window = stage.window
    names = stage.names("TriverseSettings_*.*")
    stage.mouse.click(stage.place("Options"))
    for name in names:
        group, _, field = name.partition(".")
        attribute = group.removeprefix("TriverseSettings_")
        window.run(f"{GIVEN}.flow = flow", flow=attribute.replace("_", "-"))
        settle(window)
        kept = f"{GIVEN}.{attribute}"
        said = window.value(f"{kept}.bl_rna.properties[field].name", field=field)
        button = (stage.side.x + stage.side.width * 2 // 3, stage.place(said)[1])
        labels = labels_of(window, kept, field)
        choose = stage.mouse.choose_each(
            button, stage.part, labels, f"{kept}.{field} == {{!r}}".format, order=[*labels.values()]
        )
        for entry in choose:
            account.note(name, entry)
    account.close(stage.menus, names)


@uses("TRIVERSE_MT_value_*")
def test_the_known_values_of_settings(stage: Stage, account: Account) -> None:
    choose_known_values(stage, account)
    account.close(stage.menus, stage.names("TRIVERSE_MT_value_*"))


@uses("TriversePreferences.placement")
def test_where_to_place_in_the_panel_and_in_the_preferences(stage: Stage, account: Account) -> None:
    window = stage.window
    labels = labels_of(window, PREFERENCES, "placement")
    is_chosen = f"{PREFERENCES}.placement == {{!r}}"
    stage.mouse.click(stage.place("Options"))
    button = (stage.side.x + stage.side.width * 2 // 3, stage.place("Place at")[1])
    for entry in stage.mouse.choose_each(button, stage.part, labels, is_chosen.format, order=[*labels.values()]):
        account.note("TriversePreferences.placement", entry)
    account.close(stage.menus, ["TriversePreferences.placement"])

    whole = show_preferences(window)
    button = (whole.x + whole.width * 2 // 3, window.wait_text("Place at", whole).center[1])
    chosen = list(stage.mouse.choose_each(button, whole, labels, is_chosen.format, order=[*labels.values()]))
    assert chosen == list(labels)


# -----------------------------------------------------------------------------
# The list: its popover, and the choices that are buttons


@uses("TRIVERSE_PT_filter", "TriverseWindowManager.show", "TriversePreferences.task_order")
def test_the_filter(stage: Stage, account: Account) -> None:
    window, side = stage.window, stage.side
    title = stage.place("Tasks")
    button = (side.x + 232, title[1] + 37)
    # As wide as it says, and below its button: what the list behind it says is not to be read.
    part = Box(button[0] - 112, button[1] + 16, 224, 345)
    enums = (
        ("TriverseWindowManager.show", MANAGER, "show"),
        ("TriversePreferences.task_order", PREFERENCES, "task_order"),
    )
    for menu, group, field in enums:
        labels = labels_of(window, group, field)
        first, *others = labels.items()
        # From another to the first, which is the default.
        choose = stage.mouse.choose_each(
            button,
            part,
            dict([*others, first]),
            f"{group}.{field} == {{!r}}".format,
            stays_open=True,
            order=[*labels.values()],
        )
        for entry in choose:
            account.note(menu, entry)
            account.note("TRIVERSE_PT_filter", labels[entry])
        window.key("Escape")
    labels = {"This File Only": "This File Only"}
    for is_on in (True, False):
        for _ in stage.mouse.choose_each(button, part, labels, f"{MANAGER}.this_file == {is_on}".format):
            window.key("Escape")
    account.note("TRIVERSE_PT_filter", "This File Only")
    # The star is a button without a word, below the other choices.
    stage.mouse.open(button, part)
    stage.mouse.click((button[0] - 102, button[1] + 383))
    window.wait_for(f"{RAN}[0] == 'triverse.filter_by'")
    account.note("TRIVERSE_PT_filter", "triverse.filter_by")
    window.run("with override(): bpy.ops.triverse.clear_filter()")
    account.close(stage.menus, ["TRIVERSE_PT_filter", *(menu for menu, _, _ in enums)])


@uses("TriversePreferences.task_layout")
def test_how_the_tasks_are_shown(stage: Stage, account: Account) -> None:
    x, y = stage.side.x, stage.place("Tasks")[1] + 37
    for entry, dx in (("GRID", 293), ("LIST", 268)):
        stage.mouse.click((x + dx, y))
        stage.window.wait_for(f"{PREFERENCES}.task_layout == entry", entry=entry)
        settle(stage.window)
        account.note("TriversePreferences.task_layout", entry)
    account.close(stage.menus, ["TriversePreferences.task_layout"])


@uses("triverse.turn_page.to")
def test_the_pages_and_what_their_buttons_say(stage: Stage, account: Account) -> None:
    window, x = stage.window, stage.side.x
    offset = f"{SESSION}.pager.page.offset"
    y = stage.place(f"1 to 50 of {window.value(TOTAL)}")[1]
    pages = (("NEXT", 267, 50), ("LAST", 291, 100), ("PREVIOUS", 58, 50), ("FIRST", 34, 0))
    for entry, dx, first in pages:
        stage.mouse.click((x + dx, y))
        window.wait_for(f"{offset} == first", first=first)
        account.note("triverse.turn_page.to", entry)
        settle(window)
    account.close(stage.menus, ["triverse.turn_page.to"])
    ask_for_tooltips(stage, x, y)


# -----------------------------------------------------------------------------
# Presets


@uses("TRIVERSE_PT_presets", "triverse.starter_preset.starter")
def test_the_presets(stage: Stage, account: Account) -> None:
    window, side = stage.window, stage.side
    button = (side.x + side.width - 57, stage.place("Options")[1])
    part = Box(side.x + 30, button[1] - 60, 600, 330)
    size = f"{GIVEN}.text_to_model.texture_size"
    values = {"DRAFT": ("1024", True), "STANDARD": ("2048", False), "HERO": ("4096", False)}
    labels = {"STANDARD": "Standard", "HERO": "Hero", "DRAFT": "Draft"}

    def is_chosen(entry: str) -> str:
        return f"({size}, {GIVEN}.text_to_model.turbo) == {values[entry]!r}"

    for entry in stage.mouse.choose_each(button, part, labels, is_chosen, order=["Draft", "Standard", "Hero"]):
        account.note("triverse.starter_preset.starter", entry)
        account.note("TRIVERSE_PT_presets", labels[entry])

    # The user's own: added by the button at the right of its name, used, and removed likewise.
    window.run("bpy.context.window_manager.preset_name = 'Props'")
    there = "(__import__('pathlib').Path(bpy.utils.user_resource('SCRIPTS')) / path).exists()"
    path = "presets/triverse/text-to-model/Props.py"

    def press_beside_name() -> None:
        stage.mouse.open(button, part)
        y = stage.mouse.read(["Props"], part)["Props"][1]
        stage.mouse.click((side.x + side.width + 53, y))
        settle(window)
        window.key("Escape")
        stage.mouse.look_away()
        account.note("TRIVERSE_PT_presets", "triverse.add_preset")

    press_beside_name()
    window.wait_for(there, path=path)
    window.run(f"bpy.context.window_manager.preset_name = ''; {size} = '2048'")
    menus = found(window)
    for entry in stage.mouse.choose_each(button, part, {"Props": "Props"}, lambda _: f"{size} == '1024'"):
        account.note("TRIVERSE_PT_presets", entry)
    press_beside_name()
    window.wait_for(f"not {there}", path=path)
    account.close(menus, ["TRIVERSE_PT_presets", "triverse.starter_preset.starter"])


# -----------------------------------------------------------------------------
# Menus


@uses("TRIVERSE_MT_picture")
def test_the_menu_of_pictures(stage: Stage, account: Account) -> None:
    window, side = stage.window, stage.side
    ready_sources(stage)
    window.run(f"{GIVEN}.flow = 'image-to-model'")
    button = (side.x + side.width - 57, stage.place("Image to Model")[1] + ROW_PX)
    window.run("state['ran'].clear()")
    labels = {**SOURCES, **ORDERED_PICTURE}
    for entry in stage.mouse.choose_each(button, stage.part, labels, is_run):
        account.note("TRIVERSE_MT_picture", labels[entry])
        if entry in WAITING:
            leave(stage)
        else:
            window.wait_for(f"{GIVEN}.shared.image_file")
            window.run(f"{GIVEN}.shared.image_file = ''")
    account.close(stage.menus, ["TRIVERSE_MT_picture"])


@uses("TRIVERSE_MT_add")
def test_the_add_menu(stage: Stage, account: Account) -> None:
    window, mouse = stage.window, stage.mouse
    # It opens over the viewport, which is to be as wide as menu and entries beside each other.
    for _ in range(2):
        window.run("with override('TEXT_EDITOR'): bpy.ops.screen.area_close()")
        settle(window)
    ready_sources(stage)
    window.run("with override(): bpy.ops.object.select_all(action='SELECT')")
    dialogs = {
        "triverse.add_from_text": "Model from Text",
        "triverse.add_from_image": "Model from Image",
        "triverse.texture_selected": "Texture Selected from Text",
        "triverse.texture_selected_from_image": "Texture Selected from Image",
        "triverse.pie": "Pie Menu",
    }
    labels = {**SOURCES, **dialogs}
    add = window.wait_text("Add", window.box("VIEW_3D", "HEADER")).center
    view = window.box("VIEW_3D", "WINDOW")
    part = Box(view.x, view.y, window.sidebar().x - view.x, view.height)
    mouse.open(add, part)
    ours = mouse.read(["Triverse"], part)["Triverse"]
    for entry in mouse.choose_each(ours, part, labels, is_run, before=add):
        account.note("TRIVERSE_MT_add", labels[entry])
        if entry in dialogs or entry in WAITING:
            leave(stage)
    account.close(stage.menus, ["TRIVERSE_MT_add"])


def test_a_search_field_in_a_dialog(stage: Stage) -> None:
    """Of the images of this file: each is chosen from what unfolds, and used."""
    window, mouse = stage.window, stage.mouse
    names = ["Oakwood", "Birchwood", "Willows"]
    window.run(
        f"""
        for name in names:
            bpy.data.images.new(name, 8 * (1 + names.index(name)), 8)
        {GIVEN}.flow = "image-to-model"
        """,
        names=names,
    )
    settle(window)
    # The dialog opens where the mouse is, in a narrow window over the viewport's toolbar too.
    part = Box(0, stage.side.y, stage.side.x, stage.side.height)
    for number, name in enumerate(names):
        mouse.look_away()
        window.run(f"{GIVEN}.shared.image_file = ''")
        window.run("with override(): bpy.ops.triverse.use_image('INVOKE_DEFAULT', image_name=names[0])", names=names)
        settle(window)
        field = window.wait_text("Oakwood", part).center
        window.click(*field)
        settle(window)
        window.save_shot(f"search-{number}")
        places = mouse.read([name], part, but=field)
        window.click(*places[name])
        settle(window)
        # The button is lit as the one that Return presses, and hard to read.
        window.key("Return")
        window.wait_for(f"{GIVEN}.shared.image_file")
        assert window.value(f"bpy.data.images.load({GIVEN}.shared.image_file).size[0]") == 8 * (1 + number)


@uses("TRIVERSE_MT_task", "TRIVERSE_MT_organize", "TRIVERSE_MT_make_from")
def test_the_menu_of_a_task(stage: Stage, account: Account) -> None:
    """Every entry, for a task for which it makes sense: imported, under way, failed, or one that made a picture."""
    window, service = stage.window, stage.service
    made = []
    for prompt, speed, stage_name in (("A good chair", 20.0, "imported"), ("A slow chair", 0.0, "waiting")):
        service.state.clock.speed = speed
        set_prompt(window, prompt)
        window.run("with override(): bpy.ops.triverse.generate()")
        window.wait_for(f"{SESSION}.engine.tasks()[0].params['prompt'] == prompt", prompt=prompt)
        wait_for_stage(window, stage_name)
        made.append(window.value(f"{SESSION}.engine.tasks()[0].id"))
    failed = window.value(f"next(one.id for one in {SESSION}.page_records() if one.stage.value == 'failed')")
    plan = (
        (made[0], IMPORTED),
        (made[0], {"triverse.bring_back": "Bring Back"}),
        (made[1], {"triverse.stop_following": "Stop Following"}),
        (made[1], {"triverse.resume_following": "Follow Again"}),
        (failed, {"triverse.show_error": "What Happened", "triverse.retry": "Retry"}),
    )
    offered: dict[str, None] = {}
    for task_id, labels in plan:
        choose_task(window, task_id)
        settle(window)
        # What costs something says its price.
        offered |= dict.fromkeys(one.partition(" · ")[0].rstrip("…") for one in found(window)["TRIVERSE_MT_task"])
        button = menu_button(stage)
        window.run("state['ran'].clear()")
        for entry in stage.mouse.choose_each(button, stage.part, labels, is_run_bare):
            account.note("TRIVERSE_MT_task", labels[entry])
            if entry == "triverse.stop_following":
                window.wait_text("Stop Following This Task?")
                window.key("Return")
                window.wait_for(f"not {SESSION}.engine.get(task_id).following", task_id=task_id)
            elif entry in DIALOGS:
                leave(stage)
            settle(window)
    menus = {"TRIVERSE_MT_task": list(offered)}
    for menu, title, entries in (
        ("TRIVERSE_MT_organize", "Organize", ORGANIZE),
        ("TRIVERSE_MT_make_from", "Make From This", MAKE_FROM),
    ):
        menus[menu] = choose_inside(stage, account, made[0], menu, title, entries)
    service.state.clock.speed = 20.0
    window.run("with override(): bpy.ops.triverse.picture_from_words(prompt='A good chair')")
    window.wait_for(f"{SESSION}.engine.tasks()[0].flow == 'image-generation'")
    wait_for_stage(window, "done")
    picture = window.value(f"{SESSION}.engine.tasks()[0].id")
    choose_inside(stage, account, picture, "TRIVERSE_MT_make_from", "Make From This", MAKE_FROM_PICTURE)
    window.wait_for(f"{GIVEN}.flow == 'image-to-model' and {GIVEN}.shared.image_file")
    window.run(f"{GIVEN}.shared.image_file, {GIVEN}.flow = '', 'text-to-model'")
    account.close({**stage.menus, **menus}, list(menus))


# -----------------------------------------------------------------------------
# The batch


@uses("triverse.batch_open.what")
def test_what_came_of_a_batch(stage: Stage, account: Account) -> None:
    window = stage.window
    folder = window.scratch / "batch"
    folder.mkdir()
    (folder / "props.csv").write_text("name,prompt,polygon_limit\nChair,a chair,1000\n")
    side = open_panel(window)
    choose_batch(window, folder / "props.csv")
    window.run("with override(): bpy.ops.triverse.batch_run('EXEC_DEFAULT')")
    ended(window)
    settle(window)
    labels = {"LIBRARY": "Library", "SHEET": "Contact Sheet", "REPORT": "Report"}
    places = stage.mouse.read(labels.values(), side)
    for entry, label in labels.items():
        stage.mouse.click(places[label])
        window.wait_for(f"{RAN} == ['triverse.batch_open', {{'what': {entry!r}}}]")
        account.note("triverse.batch_open.what", entry)
    account.close(stage.menus, ["triverse.batch_open.what"])
    window.run("with override(): bpy.ops.triverse.batch_close()")
