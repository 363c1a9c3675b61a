# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is greyed says why, whatever is wrong is said at its field, and nothing of it costs anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.conftest import ADDON
from tests.blender.drawing import Tick, as_button, make_panel, poll_message, session, tasks_panel
from tests.blender.test_prepare import painted
from tests.service.server import StandIn
from triverse_addon.api.flows import FLOWS, Field, Flow, Kind

PANEL_FLOWS = [name for name, flow in FLOWS.items() if flow.yields_model]

#: Runs by itself and is nowhere drawn.
NO_BUTTONS = {"triverse.watch"}
#: What Blender says of an operator whose poll() gave no reason.
SILENT = "context is incorrect"


def operators() -> Iterator[tuple[str, Any]]:
    """All operators of the add-on by their names."""
    for name in dir(bpy.ops.triverse):
        yield f"triverse.{name}", getattr(bpy.ops.triverse, name)


def greyed() -> dict[str, str]:
    """The operators that cannot be used now, each with the reason that its button shows."""
    reasons: dict[str, str] = {}
    for name, operator in operators():
        with as_button():
            if name not in NO_BUTTONS and not operator.poll():
                reasons[name] = poll_message(operator)
    return reasons


# -----------------------------------------------------------------------------
# Greyed buttons


def test_every_greyed_button_says_why(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every state in which something is missing, the reason is a sentence of ours."""
    preferences = bpy.context.preferences
    given = bpy.context.scene.triverse
    seen: dict[str, dict[str, str]] = {}
    for image in list(bpy.data.images):
        bpy.data.images.remove(image)
    seen["no key"] = greyed()
    preferences.addons[ADDON].preferences.api_key = "key"
    preferences.system.use_online_access = False
    seen["offline"] = greyed()
    preferences.system.use_online_access = True
    seen["ready"] = greyed()
    given.flow = "text-to-texture"
    seen["nothing selected"] = greyed()
    given.flow = "text-to-model"
    given.placing.use_placeholder = True
    seen["no placeholder"] = greyed()
    from triverse_addon.ui import settings as module

    monkeypatch.setattr(module, "is_forced_offline", lambda: True)
    monkeypatch.setattr(module, "is_offline", lambda: True)
    seen["--offline-mode"] = greyed()

    for state, reasons in seen.items():
        for name, reason in reasons.items():
            assert SILENT not in reason, f"{name} says nothing ({state})"
            assert reason.strip().endswith("."), f"{name}: {reason} ({state})"
    assert "triverse.generate" in seen["no key"]
    assert "triverse.generate" in seen["offline"]
    assert "triverse.generate" not in seen["ready"]
    assert "triverse.generate" in seen["nothing selected"]
    assert "triverse.generate" in seen["no placeholder"]
    assert "--offline-mode" in seen["--offline-mode"]["triverse.go_online"]
    assert {"triverse.retry", "triverse.import_task"} <= set(seen["ready"]), "there is no task"


def test_no_shortcut_is_taken(ui: ModuleType) -> None:
    keys = bpy.context.window_manager.keyconfigs
    configurations = [one for one in (keys.addon, keys.default, keys.user, *keys) if one is not None]
    taken = [
        item.idname
        for configuration in configurations
        for keymap in configuration.keymaps
        for item in keymap.keymap_items
        if item.idname.startswith("triverse.") or "TRIVERSE" in str(getattr(item.properties, "name", ""))
    ]
    assert taken == []


# -----------------------------------------------------------------------------
# Welcome


def test_the_welcome_ticks_off_and_goes_away(ui: ModuleType, connected: StandIn, tick_until: Tick) -> None:
    from triverse_addon.ui.form import last_used

    preferences = bpy.context.preferences.addons[ADDON].preferences
    preferences.api_key = ""
    last_used.seed(bpy.context.scene)
    ticks = lambda: [one.given["icon"] for one in make_panel().drawn if "CHECKBOX" in str(one.given.get("icon"))]  # noqa: E731
    assert ticks() == ["CHECKBOX_DEHLT", "CHECKBOX_HLT", "CHECKBOX_DEHLT"]
    assert "triverse.open_account" in make_panel().operators()
    assert "triverse.try_example" not in make_panel().operators()
    preferences.api_key = "not-a-key-of-anyone"
    tick_until(lambda: "Triverse does not accept the API key." in make_panel().prose())
    assert ticks() == ["CHECKBOX_DEHLT", "CHECKBOX_HLT", "CHECKBOX_DEHLT"]
    assert "triverse.open_account" in make_panel().operators(), "the field for another key"
    assert make_panel().prose().count("does not accept the API key") == 1
    preferences.api_key = connected.key
    assert ticks() == ["CHECKBOX_DEHLT", "CHECKBOX_HLT", "CHECKBOX_DEHLT"], "it is ticked when it was accepted"
    tick_until(lambda: ticks() == ["CHECKBOX_HLT", "CHECKBOX_HLT", "CHECKBOX_DEHLT"])
    assert "triverse.try_example" in make_panel().operators()

    assert bpy.ops.triverse.try_example() == {"FINISHED"}
    assert session_or_none() is None or not session().engine.tasks(), "an example is only filled in"
    given = bpy.context.scene.triverse
    assert len(given.shared.prompt) > 10
    assert given.text_to_model.turbo
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    assert ticks() == []
    assert "Welcome to Triverse" not in make_panel().texts()
    bpy.ops.triverse.forget(task_id=session().engine.tasks()[0].id)
    session().tick(0.01)
    assert ticks() == [], "who has made something once is not new"
    preferences.api_key = ""
    assert "Enter your Triverse API key to begin." in make_panel().prose()
    assert ticks() == []


def session_or_none() -> Any:
    from triverse_addon.ui.state import runtime as module

    return module.current()


def test_the_link_leads_to_the_services_own_pages(ui: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import webbrowser

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url, *_: opened.append(url) or True)
    bpy.ops.triverse.open_account()
    assert opened == ["https://docs.triverse.ai/getting-started/authentication"]


# -----------------------------------------------------------------------------
# Credits


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("api_key", "a-wrong-key", "key"),
        ("api_key", "ein Schlüssel", "characters that no key has"),
        ("api_url", "http://example.com", "https"),
        ("api_url", "nonsense", "address"),
    ],
)
def test_a_wrong_key_or_address_is_said_with_the_way_to_mend_it(
    ui: ModuleType, connected: StandIn, tick_until: Tick, name: str, value: str, said: str
) -> None:
    from triverse_addon.ui.state import runtime as module

    preferences = bpy.context.preferences.addons[ADDON].preferences
    good = getattr(preferences, name)
    setattr(preferences, name, value)
    module.get_or_start()
    make_panel()
    tick_until(lambda: session().price.problem is not None)
    assert said in make_panel().prose()
    assert "triverse.preferences" in make_panel().operators()
    assert connected.state.creations == []
    setattr(preferences, name, good)
    tick_until(lambda: session().price.balance is not None)
    assert "triverse.preferences" not in make_panel().operators()


def test_what_is_dear_is_asked_about_and_what_is_not_known_too(
    ui: ModuleType, connected: StandIn, tick_until: Tick
) -> None:
    from triverse_addon.ui.form import request
    from triverse_addon.ui.generate import cost as generate_cost
    from triverse_addon.ui.state import runtime as module

    preferences = bpy.context.preferences.addons[ADDON].preferences
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert generate_cost.confirmation(request.build(bpy.context)) is None, "nobody wants to be asked"
    preferences.ask_above_credits = 5
    title, _ = generate_cost.confirmation(request.build(bpy.context))
    assert title == "Generate at an Unknown Price?"
    module.get_or_start()
    cost = tick_until(lambda: make_panel() and generate_cost.known_cost(request.draft(bpy.context)))
    tick_until(lambda: session().price.balance is not None)
    title, message = generate_cost.confirmation(request.build(bpy.context))
    assert title == f"Generate for {cost} Credits?"
    assert message.startswith("You have 10,000 credits.")
    preferences.ask_above_credits = cost
    assert generate_cost.confirmation(request.build(bpy.context)) is None


# -----------------------------------------------------------------------------
# Bad values, for each field of each flow

#: For each kind of field: how to make values that cannot be used, and words of the sentence.
BAD: dict[Kind, list[tuple[Callable[[Path], str], str]]] = {
    Kind.IMAGE: [
        (lambda folder: str(folder / "gone.png"), "There is no file"),
        (lambda folder: str(folder), "There is no file"),
        (lambda folder: written(folder / "empty.png", b""), "is empty"),
        (lambda folder: written(folder / "words.txt", b"no picture at all"), "is not a JPEG, PNG or WebP"),
        (lambda folder: written(folder / "moving.png", b"GIF89a" + bytes(50)), "is not a JPEG, PNG or WebP"),
        (lambda folder: "bad\0name.png", ""),
    ],
    Kind.MODEL: [
        (lambda folder: str(folder / "gone.glb"), "There is no file"),
        (lambda folder: written(folder / "empty.glb", b""), "is empty"),
        (lambda folder: written(folder / "words.glb", b"no model at all"), "is not a model"),
        (lambda folder: written(folder / "scene.gltf", b"{}"), "is not a model"),
    ],
}


def wrong_settings(field: Field) -> Iterator[tuple[object, str]]:
    """Values that a setting cannot have, each with words of the sentence."""
    if field.kind is Kind.INT:
        for limit, past in ((field.minimum, -1), (field.maximum, 1)):
            if limit is not None:
                yield limit + past, f"{field.label} must be from"
        yield "many", f"{field.label} must be a whole number."
    elif field.kind is Kind.BOOL:
        yield "perhaps", f"{field.label} must be true or false."
    elif field.kind is Kind.CHOICE:
        yield "nothing", f"{field.label} must be one of:"
    else:
        yield 5, f"{field.label} must be text."


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def fill(flow: Flow, folder: Path) -> None:
    """Give every required field of a flow something that can be used."""
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    given.flow = flow.name
    given.use_selection = False
    for field in flow.fields:
        group = inputs.holder(given, flow, field)
        if field.kind is Kind.IMAGE:
            setattr(group, field.name, str(glbs.picture(folder / "good.png", 8, 8)))
        elif field.kind is Kind.MODEL:
            setattr(group, field.name, written(folder / "good.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"))
        elif field.required:
            setattr(group, field.name, "A red chair")


def cases() -> Iterator[tuple[str, str]]:
    for name in PANEL_FLOWS:
        for field in FLOWS[name].fields:
            yield name, field.name


@pytest.mark.parametrize(("flow_name", "field_name"), list(cases()))
def test_a_bad_value_is_said_at_its_field_and_nothing_is_sent(
    ui: ModuleType,
    connected: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flow_name: str,
    field_name: str,
) -> None:
    """Whatever a field can hold in the panel is either as the service takes it, or refused at the field."""
    flow = FLOWS[flow_name]
    field = flow.field(field_name)
    fill(flow, tmp_path)
    if field.is_source or field.required:
        bad = [(make(tmp_path), words) for make, words in BAD.get(field.kind, ())]
        if field.required:
            bad += [("", f"{field.label} is missing."), ("   ", f"{field.label} is missing.")]
        if field.min_length > 1:
            bad.append(("x" * (field.min_length - 1), f"{field.label} must have at least {field.min_length}"))
        for value, sentence in bad:
            refuses(flow, field, value, sentence)
    else:
        holds_no_bad_value(flow, field)
        bad_settings = list(wrong_settings(field))
        assert bad_settings
        for wrong, sentence in bad_settings:
            refuses_setting(monkeypatch, flow, field, wrong, sentence)
    assert connected.state.creations == []
    assert connected.state.uploads == {}
    assert [request.kind for request in connected.state.requests if request.method == "POST"] in ([], ["quote"])


def refuses(flow: Flow, field: Field, value: str, sentence: str) -> None:
    """The value is refused with that sentence, right below its field, until it is another one."""
    from triverse_addon.ui.form import inputs

    group = inputs.holder(bpy.context.scene.triverse, flow, field)
    before = getattr(group, field.name)
    try:
        setattr(group, field.name, value)
    except (TypeError, ValueError):
        return  # Blender's own field does not take it
    assert bpy.ops.triverse.generate() == {"CANCELLED"}, value
    is_said_below(flow, field, sentence)
    setattr(group, field.name, before)
    assert not sentence or sentence not in make_panel().prose(), "with another value, the reproach is gone"


def refuses_setting(monkeypatch: pytest.MonkeyPatch, flow: Flow, field: Field, value: object, sentence: str) -> None:
    """A setting that Blender's field keeps within its limits is refused all the same, should it ever hold the value."""
    from triverse_addon.ui.form import inputs

    values = inputs.values
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "values", lambda given, flow: values(given, flow) | {field.name: value})
        assert bpy.ops.triverse.generate() == {"CANCELLED"}, value
    is_said_below(flow, field, sentence)
    assert sentence in make_panel(open_panels=False).prose(), "it is seen although its field is folded away"


def is_said_below(flow: Flow, field: Field, sentence: str) -> None:
    """The field is red, and the sentence stands between it and the next one; no task came of it."""
    drawn = make_panel().drawn
    at = next(index for index, one in enumerate(drawn) if one.given.get("property") == field.name)
    others = {other.name for other in flow.fields}
    below = []
    for one in drawn[at + 1 :]:
        if one.function == "panel" or one.given.get("property") in others:
            break
        below += [one.text] if one.function == "label" and one.alert else []
    assert below, field.name
    assert sentence in " ".join(below), (field.name, below)
    assert drawn[at].alert
    assert len(session().engine.tasks()) == 0


def holds_no_bad_value(flow: Flow, field: Field) -> None:
    """Numbers are kept within their limits by Blender's own field, and a choice is one of those that there are."""
    from triverse_addon.api.flows import check
    from triverse_addon.ui.form import inputs

    given = bpy.context.scene.triverse
    group = inputs.holder(given, flow, field)
    for value in (-1, 0, 10**9, "77", "nothing", "1024", True, 4096):
        try:
            setattr(group, field.name, value)
        except (TypeError, ValueError):
            continue
        check(flow.name, inputs.values(given, flow))


# -----------------------------------------------------------------------------
# Pictures that the service does not take


def test_foreign_pictures_from_the_panel_are_converted(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    given = bpy.context.scene.triverse
    given.flow = "image-to-model"
    formats = {"tga": "TARGA", "bmp": "BMP", "exr": "OPEN_EXR", "tif": "TIFF", "hdr": "HDR"}
    for count, (suffix, file_format) in enumerate(formats.items(), 1):
        given.shared.image_file = str(painted(tmp_path / f"chair.{suffix}", file_format))
        assert bpy.ops.triverse.generate() == {"FINISHED"}, suffix
        tick_until(lambda count=count: len(connected.state.charged()) == count)
    kinds = {upload.content_type for upload in connected.state.uploads.values()}
    assert kinds <= {"image/png", "image/jpeg", "image/webp"}
    assert len(connected.state.uploads) == len(formats)


def test_a_picture_that_is_too_large_is_made_smaller_on_the_way(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    """54 MB as a BMP of 4200 × 4300 px: too many bytes for the service, and no format of its."""
    from triverse_addon.api.upload_checks import MAX_IMAGE_BYTES

    path = tmp_path / "large.bmp"
    image = bpy.data.images.new("large", 4200, 4300)
    image.file_format = "BMP"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    assert path.stat().st_size > MAX_IMAGE_BYTES
    given = bpy.context.scene.triverse
    given.flow = "image-to-model"
    given.shared.image_file = str(path)
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    tick_until(lambda: len(connected.state.charged()) == 1)
    (upload,) = connected.state.uploads.values()
    assert upload.size_bytes < MAX_IMAGE_BYTES
    assert upload.content_type == "image/png"


def test_a_picture_that_blender_cannot_read_either_is_told_and_costs_nothing(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    given = bpy.context.scene.triverse
    given.flow = "image-to-model"
    given.shared.image_file = written(tmp_path / "broken.tga", b"no picture at all" * 9)
    assert bpy.ops.triverse.generate() == {"FINISHED"}, "only a child Blender can tell, and that takes a while"
    tick_until(lambda: session().engine.tasks()[0].stage.value == "failed")
    assert "Blender cannot read this picture." in str(session().engine.tasks()[0].error)
    assert connected.state.creations == []
    assert connected.state.uploads == {}


def test_the_file_browser_offers_every_picture_that_can_be_used(ui: ModuleType) -> None:
    """Blender cuts a filter at 255 characters."""
    pattern = ";".join(f"*{suffix}" for suffix in sorted(bpy.path.extensions_image))
    assert len(pattern) < 256
    assert {"*.tga", "*.exr", "*.png"} <= set(pattern.split(";"))


# -----------------------------------------------------------------------------
# The service's own words


def test_a_refusal_of_an_experimental_flow_shows_its_words_and_costs_nothing(
    ui: ModuleType, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    for name in [name for name in PANEL_FLOWS if FLOWS[name].experimental]:
        connected.faults.add(
            "create", status=400, code=2002, message=f"{name} is not for you.", suggestion="Take another."
        )
        fill(FLOWS[name], tmp_path)
        assert bpy.ops.triverse.generate() == {"FINISHED"}
        tick_until(lambda: session().engine.tasks()[0].stage.value == "failed")
        said = tasks_panel().prose()
        assert f"{name} is not for you." in said
        assert "Take another." in said
    assert connected.state.charged() == []
    assert (connected.state.user.balance, connected.state.user.frozen) == (10_000, 0)
