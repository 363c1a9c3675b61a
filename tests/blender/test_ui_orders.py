# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is paid for by accident: the same order again, the limit of a month, and what was spent."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import glbs
from tests.blender.conftest import ADDON
from tests.blender.drawing import Tick, add_records, as_button, make_panel, poll_message, record, session, tasks_panel
from tests.blender.recorder import Recorder, draw
from tests.service.server import StandIn
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.record import Stage, now_s
from triverse_addon.tasks.store.errors import StoreError
from triverse_addon.ui.state.recent_orders import ASK_S, REST_S, RecentOrders


class Clock:
    """A clock that stands until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(here: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the session's recent orders."""
    made = Clock()
    here.orders._clock = made
    monkeypatch.setattr("triverse_addon.ui.generate.operators.time", SimpleNamespace(monotonic=made))
    return made


@pytest.fixture
def in_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators take this Blender for one with windows."""
    from triverse_addon.ui.generate import repeats

    monkeypatch.setattr(repeats, "bpy", SimpleNamespace(app=SimpleNamespace(background=False)))


class Press:
    """A press of the button: what it asks, and what came of it when the question is confirmed or not."""

    def __init__(self, *, another: bool = False) -> None:
        from triverse_addon.ui.generate.operators import TRIVERSE_OT_generate as generate

        self._class = generate
        self.asked: tuple[str, str] | None = None
        self.said: list[str] = []
        self.operator = SimpleNamespace(
            another=another,
            given=dict,
            report=lambda _kind, text: self.said.append(text),
            execute=lambda context: generate.execute(self.operator, context),
            _request=lambda context: generate._request(self.operator, context),
            _confirmed=None,
            _asked_at_s=0.0,
        )
        self.context = SimpleNamespace(
            scene=bpy.context.scene,
            view_layer=bpy.context.view_layer,
            selected_objects=bpy.context.selected_objects,
            window_manager=SimpleNamespace(invoke_confirm=self._ask, triverse=bpy.context.window_manager.triverse),
        )
        self.result = generate.invoke(self.operator, self.context, None)

    def _ask(self, _operator: Any, _event: Any, *, title: str, message: str, confirm_text: str) -> set[str]:
        assert confirm_text == "Generate"
        self.asked = (title, message)
        return {"RUNNING_MODAL"}

    def confirm(self) -> set[str]:
        result: set[str] = self._class.execute(self.operator, self.context)
        return result


def count() -> int:
    return len(session().engine.tasks())


def test_the_button_rests_after_a_press(here: Any, clock: Clock) -> None:
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    with as_button():
        assert bpy.ops.triverse.generate.poll()
        assert Press().result == {"FINISHED"}
        assert "The button rests" in poll_message(bpy.ops.triverse.generate)
        assert "Ordered" in make_panel().texts()
        assert here.is_under_way
        clock.now_s += REST_S + 0.01
        assert here.orders.tick(), "the button is drawn again"
        assert not here.orders.tick()
        assert bpy.ops.triverse.generate.poll()
    assert "Ordered" not in make_panel().texts()


def test_the_same_within_seconds_is_asked_about_and_sent_as_wanted_twice(here: Any, clock: Clock) -> None:
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert Press().asked is None
    clock.now_s += REST_S + 1
    press = Press()
    assert press.asked is not None
    assert press.asked[0] == "You have just ordered this. Another one?"
    assert count() == 1
    clock.now_s += 0.1
    assert press.confirm() == {"CANCELLED"}, "the second click of a double click is no answer"
    assert "before it could be read" in press.said[0]
    assert count() == 1
    press = Press()
    clock.now_s += 1.0
    assert press.confirm() == {"FINISHED"}
    assert [one.allow_duplicate for one in here.engine.tasks()] == [True, False]

    clock.now_s += ASK_S + 1
    assert Press().asked is None, "after a while it is on purpose"
    assert here.engine.tasks()[0].allow_duplicate
    bpy.context.scene.triverse.shared.prompt = "A blue chair"
    assert Press().asked is None, "another order"
    assert not here.engine.tasks()[0].allow_duplicate
    clock.now_s += 2
    assert Press(another=True).asked is None
    assert here.engine.tasks()[0].allow_duplicate
    assert count() == 5


def test_other_objects_are_another_order(here: Any, clock: Clock) -> None:
    from triverse_addon.ui.form import request

    scene = bpy.context.scene
    scene.triverse.flow = "text-to-texture"
    scene.triverse.shared.prompt = "Gold leaf"
    seen = []
    for _ in range(2):
        bpy.ops.mesh.primitive_cube_add()
        seen.append(request.fingerprint(bpy.context, request.draft(bpy.context)))
    scene.cursor.location = (5.0, 0.0, 0.0)
    seen.append(request.fingerprint(bpy.context, request.build(bpy.context)))
    assert seen[0] != seen[1] == seen[2], "what counts is what is sent, and not where it goes"


def test_a_script_says_so_when_it_means_two(here: Any, clock: Clock, in_window: None) -> None:
    order = {"flow": "text-to-model", "prompt": "a red chair", "polygon_limit": 2000}
    assert bpy.ops.triverse.generate(**order) == {"FINISHED"}
    assert bpy.ops.triverse.generate(**order) == {"CANCELLED"}, "a button of the script's own was clicked twice"
    assert bpy.ops.triverse.generate(**order, another=True) == {"FINISHED"}
    assert bpy.ops.triverse.generate(**(order | {"prompt": "a blue chair"})) == {"FINISHED"}
    clock.now_s += ASK_S + 1
    assert bpy.ops.triverse.generate(**order) == {"FINISHED"}
    assert bpy.ops.triverse.add_from_text(prompt="a lamp") == {"FINISHED"}
    assert bpy.ops.triverse.add_from_text(prompt="a lamp") == {"CANCELLED"}
    assert count() == 5


def test_in_background_nothing_is_clicked(here: Any, clock: Clock) -> None:
    for _ in range(2):
        assert bpy.ops.triverse.generate(flow="text-to-model", prompt="a red chair") == {"FINISHED"}


def test_a_picture_that_is_dropped_again_is_told_in_the_dialog(
    here: Any, clock: Clock, in_window: None, tmp_path: Path
) -> None:
    from triverse_addon.ui.generate import drop_handler

    picture = glbs.picture(tmp_path / "chair.png", 8, 8)
    given = {"directory": str(tmp_path), "files": [{"name": picture.name}]}

    def dialog() -> str:
        layout = Recorder()
        operator = SimpleNamespace(layout=layout, paths=lambda: [str(picture)])
        drop_handler.TRIVERSE_OT_drop.draw(operator, bpy.context)
        return layout.prose()

    assert "You have just ordered this." not in dialog()
    assert bpy.ops.triverse.drop(**given) == {"FINISHED"}
    assert "You have just ordered this." in dialog()
    assert bpy.ops.triverse.drop(**given) == {"CANCELLED"}
    assert count() == 1


def test_many_tasks_of_one_press_are_one_order() -> None:
    orders = RecentOrders(clock := Clock())
    orders.add("wish", ("a", "b", "c", "d"), 10)
    assert orders.is_repeat("wish")
    assert orders.prices() == dict.fromkeys("abcd", 10)
    clock.now_s += ASK_S + 1
    assert not orders.is_repeat("wish")
    assert orders.is_known("wish")


# -----------------------------------------------------------------------------
# The limit of a month, and what was spent


def preferences() -> Any:
    return bpy.context.preferences.addons[ADDON].preferences


def spent_before(*costs: int) -> None:
    made = [
        record(f"task {number}", Stage.IMPORTED, cost_credits=cost, task_uuid=f"uuid-{number}").with_(
            created_at_s=now_s()
        )
        for number, cost in enumerate(costs)
    ]
    add_records(*made)


def test_an_order_above_the_limit_of_the_month_is_asked_about(here: Any, clock: Clock, tick_until: Tick) -> None:
    from triverse_addon.ui.form import request
    from triverse_addon.ui.generate import cost

    bpy.context.scene.triverse.shared.prompt = "A red chair"

    def price() -> int | None:
        make_panel()
        return cost.known_cost(request.draft(bpy.context))

    one = tick_until(price)
    spent_before(30, 12)
    preferences().monthly_limit = 42 + 2 * one
    assert Press().asked is None
    # The service has not told the price of the first one, and it counts.
    bpy.context.scene.triverse.shared.prompt = "A blue chair"
    assert Press().asked is None
    bpy.context.scene.triverse.shared.prompt = "A green chair"
    asked = Press().asked
    assert asked == (
        "Generate above the Monthly Limit?",
        f"{42 + 2 * one} of {42 + 2 * one} credits were spent this month, and this costs {one}.",
    )
    # Several of one press count together.
    preferences().monthly_limit = 42 + 3 * one
    drafted = request.draft(bpy.context)
    assert cost.confirmation(drafted) is None
    assert cost.confirmation(drafted, 2) is not None
    preferences().monthly_limit = 0
    assert cost.confirmation(drafted, 2) is None


def test_with_a_limit_an_unknown_price_is_asked_about(ui: ModuleType, here: Any, clock: Clock) -> None:
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    preferences().monthly_limit = 1000
    asked = Press().asked
    assert asked is not None
    assert asked[0] == "Generate at an Unknown Price?"


def test_the_popover_shows_what_was_spent_and_a_table_is_written(
    here: Any, connected: StandIn, tick_until: Tick, tmp_path: Path
) -> None:
    from triverse_addon.ui.generate.spending_panel import TRIVERSE_PT_spending

    spent_before(1030, 12)

    def shown() -> list[str]:
        return draw(TRIVERSE_PT_spending).texts()

    tick_until(lambda: "1,042 credits" in shown())
    texts = shown()
    rows = {name: texts[texts.index(name) + 1] for name in ("Today", "This Month", "This File")}
    assert rows == {"Today": "1,042 credits", "This Month": "1,042 credits", "This File": "0 credits"}
    for task in list(here.engine.tasks()):
        here.engine.forget(task.id)
    tick_until(lambda: not here.spending.is_waiting)
    assert "1,042 credits" in shown(), "what was taken off the list was paid nevertheless"

    assert bpy.ops.triverse.export_spending(filepath=str(tmp_path / "spent")) == {"FINISHED"}
    tick_until((tmp_path / "spent.csv").exists)
    tick_until(lambda: [one for one in here.pending_notices if "2 tasks were written to" in str(one.sentence)])


@pytest.mark.parametrize("folder", ["", "/", "{tmp_path}/"])
def test_spending_is_exported_into_no_folder(here: Any, tmp_path: Path, folder: str) -> None:
    assert bpy.ops.triverse.export_spending(filepath=folder.format(tmp_path=tmp_path)) == {"CANCELLED"}
    assert not here.spending.is_waiting


# -----------------------------------------------------------------------------
# Orders that wait for a key


def test_an_order_waits_for_a_key_and_is_cancelled_without_a_trace(
    ui: ModuleType, connected: StandIn, tick_until: Tick
) -> None:
    from triverse_addon.ui.state import runtime, task_presentation

    preferences().api_key = "not-a-key-of-anyone"
    runtime.get_or_start()
    bpy.context.scene.triverse.shared.prompt = "A red chair"
    assert bpy.ops.triverse.generate() == {"FINISHED"}

    def made() -> Any:
        return session().engine.tasks()[0]

    tick_until(lambda: task_presentation.state(made()) == ("Waiting for a key",))
    assert task_presentation.action(made()).text == "Cancel"
    drawn = tasks_panel()
    assert "triverse.cancel_order" in drawn.operators()
    assert "triverse.stop_following" not in drawn.operators()
    assert "does not accept the API key" not in drawn.prose(), "one sentence, and not two"
    assert bpy.ops.triverse.cancel_order() == {"FINISHED"}
    assert (made().stage, made().task_uuid) == (Stage.CANCELLED, None)
    assert "You cancelled this before it was sent." in tasks_panel().prose()
    assert "It was not charged." in tasks_panel().prose()
    preferences().api_key = connected.key
    tick_until(lambda: runtime.key_state() is runtime.KeyState.ACCEPTED)
    session().tick(0.01)
    assert connected.state.creations == []

    assert bpy.ops.triverse.retry() == {"FINISHED"}
    tick_until(lambda: made().task_uuid is not None)
    assert len(connected.state.creations) == 1
    assert bpy.ops.triverse.cancel_order() == {"CANCELLED"}, "the service has it"


def test_sums_that_cannot_be_read_are_told_where_they_would_be_and_read_again(
    here: Any, tick_until: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.tasks.store.store import Store
    from triverse_addon.ui.generate.spending_panel import TRIVERSE_PT_spending
    from triverse_addon.ui.state import spending

    monkeypatch.setattr(spending, "_AGAIN_AFTER_ERROR_S", 0.1)
    here.pending_notices.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "spending", fails)
        tick_until(lambda: "The disk has gone." in draw(TRIVERSE_PT_spending).prose())
        assert "Reading…" not in draw(TRIVERSE_PT_spending).texts()
        assert not here.pending_notices, "it is tried again and again"
    tick_until(lambda: "Today" in draw(TRIVERSE_PT_spending).texts())
    assert "The disk has gone." not in draw(TRIVERSE_PT_spending).prose()


def fails(*_: Any) -> Any:
    raise StoreError(Sentence.of("The disk has gone."))
