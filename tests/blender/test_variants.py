# SPDX-License-Identifier: GPL-3.0-or-later
"""Several variants of one wish: ordered on purpose, compared, one kept, the rest put away; and refined in its place."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from mathutils import Matrix, Vector

from tests.blender import glbs
from tests.blender.drawing import Tick, draw_rows, make_panel, session, shown_rows, tasks_panel
from tests.blender.pressed import press
from tests.blender.recorder import Recorder
from tests.service.server import StandIn
from triverse_addon.scene.importing import imported_models
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Placement, Stage, TaskRecord

OPS: Any = bpy.ops.triverse


def given() -> Any:
    return bpy.context.window_manager.triverse


def titles() -> list[str]:
    return [row.title for row in shown_rows()]


@pytest.fixture
def priced(here: Any, tick_until: Tick) -> Any:
    """A started session that knows the price of a draft, with a prompt in the panel."""
    from triverse_addon.ui.form import inputs
    from triverse_addon.ui.generate import presets

    bpy.context.scene.triverse.shared.prompt = "A red chair tris:1k"
    presets.start(bpy.context.scene, inputs.PANEL_FLOWS["text-to-model"], "DRAFT")
    tick_until(lambda: price_of(1) and here.price.balance)
    return here


def price_of(count: int) -> int:
    """What the button says that it costs; 0 if it does not know it."""
    given().variants = count
    (text,) = [one.text for one in make_panel().drawn if one.given.get("operator") == "triverse.generate"]
    number = text.rpartition("·")[2].split()[0]
    return int(number) if number.isdigit() else 0


def make(count: int, tick_until: Tick) -> list[TaskRecord]:
    given().variants = count
    assert OPS.generate() == {"FINISHED"}
    tick_until(lambda: all(one.has_model for one in session().engine.tasks()))
    return list(session().engine.tasks())


def test_four_are_ordered_at_the_price_that_was_shown(priced: Any, connected: StandIn, tick_until: Tick) -> None:
    from triverse_addon.ui.form import request
    from triverse_addon.ui.generate import cost

    one = price_of(1)
    assert price_of(4) == 4 * one
    before = connected.state.user.balance
    made = make(4, tick_until)
    assert given().variants == 1, "the next order is a single one again"
    assert titles() == [f"A red chair tris:1k {number}" for number in (1, 2, 3, 4)]
    assert [draw_row.texts()[0].startswith(f"{at}/4 · ") for at, draw_row in enumerate(draw_rows(), 1)] == [True] * 4
    assert sorted(connected.state.charged_per_order().values()) == [1, 1, 1, 1]
    assert before - connected.state.user.balance == 4 * one
    assert len({record.client_order_id for record in made}) == 4
    assert not [one for one in bpy.data.collections if "triverse_task_uuid" in one], "none is imported by itself"

    # Too dear for four, not for one: said at the button, and by the operator.
    connected.state.user.balance = 2 * one
    session().price.request_balance()
    tick_until(lambda: session().price.balance.balance == 2 * one)
    given().variants = 4
    assert str(4 * one) in make_panel().prose()
    assert OPS.generate() == {"CANCELLED"}
    assert len(session().engine.tasks()) == 4
    # What is not known is asked about, although no limit is set.
    session().price.forget()
    assert cost.confirmation(request.draft(bpy.context)) is None
    assert cost.confirmation(request.draft(bpy.context), 4, must_show_price=True) is not None


def test_one_is_kept_and_imported_and_the_rest_are_put_away(priced: Any, tick_until: Tick) -> None:
    made = make(3, tick_until)
    drawn = tasks_panel()
    assert "triverse.compare" in drawn.operators()
    assert OPS.keep_variant(task_id=made[1].id) == {"FINISHED"}
    tick_until(lambda: session().engine.get(made[1].id).stage is Stage.IMPORTED)
    tick_until(lambda: titles() == [made[1].name])
    assert [one.name for one in bpy.data.collections if "triverse_task_uuid" in one] == [made[1].name]
    assert session().chosen_id == made[1].id

    given().show = "PUT_AWAY"
    tick_until(lambda: titles() == [made[0].name, made[2].name])
    assert OPS.bring_back(task_id=made[2].id) == {"FINISHED"}
    tick_until(lambda: titles() == [made[0].name])
    given().show = "ALL"
    tick_until(lambda: titles() == [made[1].name, made[2].name])
    assert OPS.put_away(task_id=made[2].id) == {"FINISHED"}
    tick_until(lambda: titles() == [made[1].name])
    assert all(Path(record.model_path).is_file() for record in made), "nothing was deleted"

    # The comparison shows all of them, also what was put away.
    from triverse_addon.ui.task_list import variant_operators

    layout = Recorder()
    operator = type("Operator", (), {"layout": layout, "_members": tuple(session().engine.group_of(made[0].id))})()
    variant_operators.TRIVERSE_OT_compare.draw(operator, bpy.context)
    assert [text for text in layout.texts() if text in {one.name for one in made}] == [one.name for one in made]
    assert layout.operators().count("triverse.keep_variant") == 3


def test_variants_of_a_selection_each_have_a_file_of_their_own(here: Any, connected: StandIn, tick_until: Tick) -> None:
    obj = glbs.sphere("Ball")
    bpy.context.scene.collection.objects.link(obj) if obj.name not in bpy.context.scene.collection.objects else None
    bpy.context.view_layer.objects.active = obj
    obj.select_set(True)
    scene = bpy.context.scene.triverse
    scene.flow, scene.use_selection, scene.shared.prompt = "text-to-texture", True, "Red leather"
    made = make(2, tick_until)
    assert [record.stage for record in made] == [Stage.READY, Stage.READY]
    assert len(connected.state.uploads) == 2
    assert sorted(connected.state.charged_per_order().values()) == [1, 1]
    assert not obj.hide_viewport
    assert OPS.keep_variant(task_id=made[0].id) == {"FINISHED"}
    tick_until(lambda: session().engine.get(made[0].id).stage is Stage.IMPORTED)
    assert not obj.visible_get()


def test_a_draft_is_refined_in_its_place(priced: Any, connected: StandIn, tick_until: Tick) -> None:
    (draft,) = make(1, tick_until)
    tick_until(lambda: session().engine.get(draft.id).stage is Stage.IMPORTED)
    old = next(one for one in bpy.data.collections if one.get("triverse_task_uuid") == draft.task_uuid)
    old.name = "My chair"
    for obj in old.all_objects:
        obj.location.x += 5.0
    session().price.forget()
    pressed = press(OPS.refine, task_id=draft.id)
    assert (pressed.opened, pressed.given["title"]) == ("invoke_confirm", "Generate at an Unknown Price?")
    assert pressed.given["confirm_text"] == "Refine"
    assert len(session().engine.tasks()) == 1, "nobody has said yes"
    tasks_panel()
    # Blender's price of the Hero is asked for by drawing, as in the window.
    tick_until(lambda: any("·" in one.text for one in menu().drawn if one.given.get("operator") == "triverse.refine"))
    pressed = press(OPS.refine, task_id=draft.id)
    assert (pressed.result, pressed.opened) == ({"FINISHED"}, ""), "its price was shown"
    tick_until(lambda: len(session().engine.tasks()) == 2)
    hero = session().engine.tasks()[0]
    assert (hero.params["polygon_limit"], hero.params["texture_size"], hero.params["turbo"]) == (1_000_000, 4096, False)
    assert hero.params["prompt"] == draft.params["prompt"]
    # Meanwhile the draft is still there, and may get another name.
    old.name = "My better chair"
    tick_until(lambda: session().engine.get(hero.id).stage is Stage.IMPORTED)
    hero = session().engine.get(hero.id)
    (left,) = [one for one in bpy.data.collections if "triverse_task_uuid" in one]
    assert (left.name, left["triverse_task_uuid"]) == ("My better chair", hero.task_uuid)
    bpy.context.view_layer.update()
    assert min(corner[0] for corner in corners(left)) > 3.0, "it stands where the draft stood"
    assert OPS.refine.poll()
    assert "highest quality" in refused(hero.id)


def test_a_draft_that_cannot_be_replaced_stays_and_the_history_says_so(
    priced: Any, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    (draft,) = make(1, tick_until)
    tick_until(lambda: session().engine.get(draft.id).stage is Stage.IMPORTED)
    override = glbs.overridden(imported_models.find(draft.task_uuid)[0], tmp_path)
    imported_models.forget()
    assert OPS.refine(task_id=draft.id) == {"FINISHED"}
    tick_until(lambda: len(session().engine.tasks()) == 2)
    hero = session().engine.tasks()[0]
    tick_until(lambda: session().engine.get(hero.id).stage is Stage.IMPORTED)
    assert override in list(bpy.context.scene.collection.children)
    assert imported_models.find(session().engine.get(hero.id).task_uuid)
    said = [str(one.sentence) for one in session().engine.store.history(hero.id) if one.level == "WARNING"]
    assert said == ["The model in this scene is a library override. Replace it in its own file."]


def menu() -> Recorder:
    from tests.blender.recorder import draw
    from triverse_addon.ui.task_list import make_from

    return draw(make_from.TRIVERSE_MT_make_from)


def refused(task_id: str) -> str:
    """The reason why a task cannot be refined."""
    from triverse_addon.ui.task_list import refine

    return refine.disabled_reason(session().engine.get(task_id)) or ""


def test_what_cannot_be_done_says_why(here: Any) -> None:
    from tests.blender.drawing import add_records, record

    add_records(record("A", Stage.READY, task_uuid="u-1"), record("B", Stage.WAITING, 1.0, task_uuid="u-2"))
    first, second = session().engine.tasks()
    assert "no variants" in poll_reason("keep_variant", first)
    assert "no variants" in poll_reason("compare", first)
    assert "not put away" in poll_reason("bring_back", first)
    assert "not there yet" in refused(second.id)


def poll_reason(name: str, record: TaskRecord) -> str:
    from triverse_addon.ui.task_list import variant_operators

    cls = getattr(variant_operators, f"TRIVERSE_OT_{name}")
    return cls.disabled_reason(bpy.context, record) or ""


# -----------------------------------------------------------------------------
# Another model in the place of an earlier one


def corners(collection: bpy.types.Collection) -> list[Vector]:
    return [obj.matrix_world @ v.co for obj in collection.all_objects if obj.type == "MESH" for v in obj.data.vertices]


def turned_extent(points: list[Vector]) -> tuple[Vector, Vector]:
    """The lowest and the highest corner along axes that are turned by 30 degrees."""
    axes = list(zip(*(Matrix.Rotation(math.radians(-30.0), 3, "Z") @ point for point in points), strict=True))
    return Vector(map(min, axes)), Vector(map(max, axes))


def test_another_model_stands_turned_as_the_earlier_one(fresh_file: None, tmp_path: Path) -> None:
    """A long box that a user has turned and stretched, and a finer one of another shape in its place."""

    def box(length: float, cuts: int) -> None:
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=cuts, y_subdivisions=2, size=1.0)
        obj = bpy.context.active_object
        for vertex in obj.data.vertices:
            vertex.co = (vertex.co.x * length, vertex.co.y, 0.25 + vertex.co.x * 0.5)

    def bring(name: str, uuid: str, placement: Placement) -> bpy.types.Collection:
        made = glbs.convert_kept(tmp_path / f"{name}.glb", tmp_path / name)
        outcome = import_task(
            TaskRecord(
                id=name * 32,
                flow="text-to-model",
                name="Box",
                stage=Stage.READY,
                task_uuid=uuid,
                blend_path=str(made.blend_path),
                placement=placement,
            )
        )
        assert isinstance(outcome, Imported), outcome
        bpy.context.view_layer.update()
        return bpy.data.collections[outcome.collection_name]

    for name, length, cuts in (("a", 4.0, 3), ("b", 8.0, 9)):
        (tmp_path / name).mkdir()
        glbs.export(tmp_path / f"{name}.glb", lambda length=length, cuts=cuts: box(length, cuts))
    old = bring("a", "uuid-a", Placement())
    (obj,) = old.all_objects
    obj.rotation_mode = "XYZ"
    obj.rotation_euler.z += math.radians(30.0)
    obj.location += Vector((3.0, 1.0, 0.5))
    obj.scale *= 2.0
    bpy.context.view_layer.update()
    wanted = corners(old)
    new = bring("b", "uuid-b", Placement(instead_of="Box", instead_of_uuid="uuid-a"))
    found = corners(new)
    assert new.name == "Box"
    assert [one["triverse_task_uuid"] for one in bpy.data.collections if "triverse_task_uuid" in one] == ["uuid-b"]
    # Along the old one's own axes, not the world's: as long as it, and with the same middle.
    (low, high), (old_low, old_high) = turned_extent(found), turned_extent(wanted)
    assert (low + high - old_low - old_high).xy.length < 1e-3
    assert high.x - low.x == pytest.approx(old_high.x - old_low.x, rel=1e-3)
    assert high.y - low.y < old_high.y - old_low.y
    assert min(p.z for p in found) == pytest.approx(min(p.z for p in wanted), abs=1e-3)


def test_a_price_beside_that_of_the_panel_holds_it_up_no_longer_than_its_answer() -> None:
    """Both are looked at whenever something is drawn, and the service answers the last question only."""
    from triverse_addon.tasks.record.events import Quoted
    from triverse_addon.ui.state.price_cache import STILL_S, PriceCache

    now = [0.0]
    cache = PriceCache(lambda: now[0])
    cache.store_balance(SimpleNamespace(balance=SimpleNamespace(balance=5), error=None))
    asked: list[tuple[str, int]] = []
    engine = SimpleNamespace(
        ask_balance=lambda: None, ask_quote=lambda flow, _priced: asked.append((flow, len(asked))) or len(asked) - 1
    )
    seen: list[tuple[int | None, int | None]] = []
    for _ in range(40):
        panel = cache.get_or_request("panel", {})
        aside = cache.get_or_request("aside", {}, is_aside=True)
        seen.append((panel, aside))
        now[0] += STILL_S / 4
        before = len(asked)
        cache.tick(engine)
        if len(asked) > before:
            flow, token = asked[-1]
            quote = SimpleNamespace(cost_credits={"panel": 10, "aside": 40}[flow])
            cache.store_quote(Quoted(token, quote, None))
    assert seen[-1] == (10, 40)
    assert [flow for flow, _ in asked] == ["panel", "aside"]
