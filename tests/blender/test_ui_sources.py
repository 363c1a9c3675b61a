# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's ways to a picture, to the selection, and to a place: what is drawn, and what ends up in a task."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import bpy
import pytest

from tests.blender import glbs
from tests.blender.drawing import as_button, make_panel, poll_message, session
from tests.blender.recorder import draw
from tests.blender.test_sources import paint
from tests.service.server import StandIn


def given():
    return bpy.context.scene.triverse


def select(*objects: bpy.types.Object) -> None:
    bpy.context.view_layer.update()
    for obj in bpy.context.view_layer.objects:
        obj.select_set(obj in objects)
    bpy.context.view_layer.objects.active = objects[0] if objects else None


# -----------------------------------------------------------------------------
# Pictures


def test_beside_the_first_picture_is_a_menu_of_where_to_get_one(ui: ModuleType) -> None:
    from triverse_addon.ui.generate import image_operators

    for flow, count in (("text-to-model", 0), ("image-to-model", 1), ("multiview-to-model", 1), ("texture-model", 1)):
        given().flow = flow
        menus = [one for one in make_panel().drawn if one.given.get("menu") == "TRIVERSE_MT_picture"]
        assert len(menus) == count, flow
    drawn = draw(image_operators.TRIVERSE_MT_picture)
    assert drawn.operators() == [
        "triverse.paste_picture",
        "triverse.capture_viewport",
        "triverse.capture_selection",
        "triverse.capture_selection",
        "triverse.capture_rectangle",
        "triverse.use_render",
        "triverse.use_image",
        "triverse.picture_from_words",
    ]
    sources = [one for one in drawn.drawn if one.given.get("operator") != "triverse.picture_from_words"]
    assert {one.properties.field for one in sources if one.function == "operator"} == {"image_file"}


def test_an_image_of_the_file_goes_into_the_panel(ui: ModuleType, tmp_path: Path) -> None:
    assert "no image in this file" in poll_message(lambda: bpy.ops.triverse.use_image(image_name="Paint"))
    paint()
    given().flow = "image-to-model"
    assert bpy.ops.triverse.use_image(image_name="Paint") == {"FINISHED"}
    path = Path(given().shared.image_file)
    assert path.is_file()
    assert path.parent == tmp_path / "datafiles" / "triverse" / "sources"
    assert bpy.ops.triverse.use_image(image_name="Gone") == {"CANCELLED"}
    assert given().shared.image_file == str(path)


def test_a_flow_without_pictures_gives_way_to_one_with(ui: ModuleType) -> None:
    paint()
    given().flow = "text-to-model"
    bpy.ops.triverse.use_image(image_name="Paint")
    assert given().flow == "image-to-model"
    given().flow = "texture-model"
    bpy.ops.triverse.use_image(image_name="Paint")
    assert given().flow == "texture-model"


def test_a_render_is_offered_when_there_is_one(ui: ModuleType) -> None:
    for image in list(bpy.data.images):
        bpy.data.images.remove(image)
    assert "Nothing was rendered yet" in poll_message(bpy.ops.triverse.use_render)


def test_what_the_clipboard_names_goes_into_the_panel(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.scene.capture import image_sources

    path = glbs.picture(tmp_path / "a chair.png", 8, 8)

    class Context:
        def __init__(self, text: str) -> None:
            self.window_manager = type("Manager", (), {"clipboard": text})

    for text in (str(path), f'"{path}"', path.as_uri()):
        assert image_sources._named_in_clipboard(Context(text)) == path
    assert (
        image_sources._named_in_clipboard(Context("https://example.com/chair.png")) == "https://example.com/chair.png"
    )
    for text in ("", "a chair", str(tmp_path / "gone.png"), __file__, f"{path}\n{path}", "http://example.com/a.png"):
        assert image_sources._named_in_clipboard(Context(text)) is None, text
    assert bpy.ops.triverse.paste_picture() == {"CANCELLED"}, "there is no clipboard without a window"


def test_addresses_in_the_clipboard_are_read_once_and_broken_ones_are_none(ui: ModuleType, tmp_path: Path) -> None:
    """A name may hold what stands for another character in an address, and any text may be copied."""
    from triverse_addon.scene.capture import image_sources

    path = glbs.picture(tmp_path / "50%25 grey.png", 8, 8)

    class Context:
        def __init__(self, text: str) -> None:
            self.window_manager = type("Manager", (), {"clipboard": text})

    assert image_sources._named_in_clipboard(Context(path.as_uri())) == path
    for text in ("file://[/a.png", "file://[::1/a.png", "file://a.png", "file:///\0.png"):
        assert image_sources._named_in_clipboard(Context(text)) is None, text


def test_a_painted_image_reaches_the_service_as_png(ui: ModuleType, connected: StandIn, tick_until) -> None:
    paint()
    bpy.ops.triverse.use_image(image_name="Paint")
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    tick_until(lambda: connected.state.charged())
    (upload,) = connected.state.uploads.values()
    assert upload.content_type == "image/png"


# -----------------------------------------------------------------------------
# The selection


def test_the_panel_names_what_would_be_sent(ui: ModuleType, connected: StandIn) -> None:
    given().flow = "text-to-texture"
    given().shared.prompt = "Red leather"
    select()
    assert "Select a mesh object" in make_panel().texts()
    with as_button():
        assert "Select the object that is to be sent" in poll_message(bpy.ops.triverse.generate)
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    first, second = glbs.sphere("Ball"), glbs.sphere("Cushion")
    select(first)
    assert f"Ball · {glbs.SPHERE_TRIANGLES} triangles" in make_panel().texts()
    select(first, second)
    assert f"2 objects · {2 * glbs.SPHERE_TRIANGLES} triangles" in make_panel().texts()
    given().use_selection = False
    assert "model_file" in make_panel().properties()
    assert "use_selection" in make_panel().properties(), "there is a way back"


def with_nodes(obj: bpy.types.Object, *kinds: str) -> bpy.types.Modifier:
    """Give an object Geometry Nodes with a group in it that has nodes of these types."""
    inner = bpy.data.node_groups.new("Inner", "GeometryNodeTree")
    outer = bpy.data.node_groups.new("Outer", "GeometryNodeTree")
    for kind in kinds:
        inner.nodes.new(kind)
    outer.nodes.new("GeometryNodeGroup").node_tree = inner
    modifier = obj.modifiers.new("Nodes", "NODES")
    modifier.node_group = outer
    return modifier


def test_the_panel_says_that_instances_and_particles_are_not_sent(ui: ModuleType) -> None:
    """They are hidden with the original, and no model brings them back."""
    given().flow = "text-to-texture"
    points = "GeometryNodeInstanceOnPoints"
    plain, grass, real, hair, dupli, empty = (glbs.sphere(f"Ball {at}") for at in range(6))
    nodes = with_nodes(grass, points)
    with_nodes(real, points, "GeometryNodeRealizeInstances")
    hair.modifiers.new("Hair", "PARTICLE_SYSTEM")
    dupli.instance_type = "VERTS"
    empty.modifiers.new("Nodes", "NODES")
    for obj, is_said in ((plain, False), (grass, True), (real, False), (hair, True), (dupli, True), (empty, False)):
        select(plain, obj)
        assert ("Instances and particles are not sent" in make_panel().prose()) is is_said, obj.name
    select(grass)
    nodes.show_viewport = False
    assert "Instances and particles" not in make_panel().prose()


def test_the_selection_is_what_is_sent_and_replaced(ui: ModuleType, connected: StandIn) -> None:
    given().flow = "text-to-texture"
    given().shared.prompt = "Red leather"
    given().shared.model_file = "/an/old/one.glb"
    select(glbs.sphere("Ball", (1.0, 2.0, 3.0)))
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.placement.replaces.names == ("Ball",)
    assert made.placement.replaces.matrix[3::4] == (1.0, 2.0, 3.0, 1.0)
    assert made.sources["model_file"].endswith(".blend")
    assert made.name == "Red leather"


def test_the_request_is_built_once_and_its_values_are_checked_once(
    ui: ModuleType, connected: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.api import field_values
    from triverse_addon.ui.form import inputs, request
    from triverse_addon.ui.generate import cost, operators

    read, checked = [], []
    values, check_value = inputs.values, field_values.check_value

    def count_reads(props, flow):
        read.append(flow.name)
        return values(props, flow)

    def count_checks(field, value):
        checked.append(field.name)
        return check_value(field, value)

    monkeypatch.setattr(inputs, "values", count_reads)
    monkeypatch.setattr(field_values, "check_value", count_checks)
    given().flow = "text-to-texture"
    given().shared.prompt = "Red leather"
    select(glbs.sphere("Ball"))
    operator = SimpleNamespace(report=lambda _levels, text: pytest.fail(text))
    built = request.build(bpy.context)
    assert cost.confirmation(built) is None
    assert operators.generate(operator, bpy.context, built) == {"FINISHED"}
    assert read == ["text-to-texture"]
    assert checked.count("prompt") == 1
    (made,) = session().engine.tasks()
    assert made.params["prompt"] == "Red leather"


def test_what_was_confirmed_is_sent_whatever_the_panel_says_then(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui.form import request
    from triverse_addon.ui.generate import operators

    given().shared.prompt = "A red chair"
    operator = SimpleNamespace(
        another=False,
        _asked_at_s=0.0,
        _confirmed=request.build(bpy.context),
        _request=request.build,
        given=dict,
        report=lambda _levels, text: pytest.fail(text),
    )
    given().shared.prompt = "A blue chair"
    assert operators.TRIVERSE_OT_generate.execute(operator, bpy.context) == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.params["prompt"] == "A red chair"
    assert operators.TRIVERSE_OT_generate.execute(operator, bpy.context) == {"FINISHED"}
    assert {task.params["prompt"] for task in session().engine.tasks()} == {"A red chair", "A blue chair"}, "repeated"


def test_a_task_that_had_a_file_comes_back_with_it(ui: ModuleType) -> None:
    from triverse_addon.ui.form import inputs

    flow = inputs.PANEL_FLOWS["text-to-texture"]
    inputs.fill(given(), flow, {"prompt": "Red leather", "model_file": "/a/chair.glb"})
    assert not given().use_selection
    inputs.fill(given(), flow, {"prompt": "Red leather"})
    assert given().use_selection


# -----------------------------------------------------------------------------
# The place


def test_the_selected_object_marks_the_place_if_it_is_to(ui: ModuleType, connected: StandIn) -> None:
    given().shared.prompt = "A red chair"
    given().placing.use_placeholder = True
    select()
    with as_button():
        assert "marks the place" in poll_message(bpy.ops.triverse.generate)
    assert bpy.ops.triverse.generate() == {"CANCELLED"}
    marker = glbs.empty("Here", (4.0, 5.0, 6.0))
    select(marker)
    given().placing.keep_placeholder = True
    assert bpy.ops.triverse.generate() == {"FINISHED"}
    (made,) = session().engine.tasks()
    assert made.placement.placeholder == "Here"
    assert made.placement.keep_placeholder
    assert made.placement.location == (4.0, 5.0, 6.0)


def test_height_and_ground_go_with_the_task(ui: ModuleType, connected: StandIn) -> None:
    given().shared.prompt = "A red chair"
    placing = given().placing
    assert placing.on_ground
    placing.on_ground = False
    placing.use_height = True
    placing.height = 1.75
    bpy.ops.triverse.generate()
    (made,) = session().engine.tasks()
    assert made.placement.height == pytest.approx(1.75)
    assert not made.placement.on_ground


def test_options_show_what_counts(ui: ModuleType) -> None:
    given().flow = "text-to-model"
    shown = make_panel().properties()
    assert {"use_placeholder", "placement", "on_ground", "step_aside", "use_height"} <= set(shown)
    assert "height" not in shown
    before = shown
    given().placing.use_height = True
    assert "height" in make_panel().properties()
    given().placing.use_placeholder = True
    drawn = make_panel()
    assert sorted(drawn.properties()) == sorted([*before, "height"]), "nothing jumps"
    greyed = {one.given["property"] for one in drawn.drawn if one.function == "prop" and not one.enabled}
    assert {"placement", "on_ground", "step_aside", "use_height", "height"} <= greyed
    assert "keep_placeholder" not in greyed
    assert "Select the object that marks the place" in drawn.prose(), "the reason stands below the button"
    given().flow = "texture-model"
    assert "use_placeholder" not in make_panel().properties(), "the result takes the place of the selection"


def test_objects_are_avoided_and_data_is_shared_unless_told_otherwise(ui: ModuleType) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.form import placement

    wanted = placement.placement(bpy.context)
    assert (wanted.step_aside, wanted.share_data) == (True, True)
    given().placing.step_aside = False
    settings.preferences().separate_data = True
    wanted = placement.placement(bpy.context)
    assert (wanted.step_aside, wanted.share_data) == (False, False)
