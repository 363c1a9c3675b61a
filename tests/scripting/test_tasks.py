# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts in plain Python: what they order and wait for, what it costs, and which errors they meet."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.service import models
from tests.service.server import StandIn
from triverse_addon import scripting
from triverse_addon.scripting import Stage, Task, Triverse

REPO = Path(__file__).resolve().parents[2]


def test_a_task_is_waited_for_and_shows_its_progress(triverse: Triverse, service: StandIn) -> None:
    seen: list[tuple[Stage, int | None]] = []
    task = triverse.generate(prompt="a red chair", polygon_limit=1000)
    assert (task.stage, task.uuid, task.is_done) == ("queued", None, False)
    assert task.wait(on_change=lambda one: seen.append((one.stage, one.progress))) is task
    assert list(dict.fromkeys(stage for stage, _ in seen))[-1] is Stage.READY
    assert any(progress for _, progress in seen)
    assert task.is_done
    assert task.error is None
    assert (task.flow, task.name) == ("text-to-model", "a red chair")
    assert task.uuid in service.state.tasks
    assert task.cost_credits == service.state.user.charged
    assert task.files.model is not None
    assert task.files.model.read_bytes()[:4] == b"glTF"
    assert task.files.folder == task.files.model.parent
    assert task.files.preview is not None
    assert task.files.blend is None, "there is no Blender here"


def test_what_makes_no_model_gives_its_text_and_files(triverse: Triverse, service: StandIn) -> None:
    service.state.settings.answer_shape = "list"
    words = triverse.generate("prompt-optimization", prompt="a red chair")
    picture = triverse.generate("image-generation", prompt="a red chair")
    triverse.wait([words, picture])
    assert (words.stage, words.error, words.files.results) == (Stage.DONE, None, ())
    assert words.text == "a red chair, fine detail, studio light"
    (path,) = picture.files.results
    assert (picture.text, picture.files.model, picture.files.preview) == ("", None, path)
    path.unlink()
    again = triverse.generate("image-generation", prompt="a red chair")
    assert again == picture
    again.wait()
    assert path.exists()
    assert service.state.user.charged == 5


def test_what_was_ordered_once_is_paid_once(triverse: Triverse, service: StandIn) -> None:
    first = triverse.generate(prompt="a chair", polygon_limit=1000)
    assert triverse.generate(polygon_limit=1000, prompt="a chair") == first
    other = triverse.generate(prompt="a chair", polygon_limit=1000, allow_duplicate=True)
    named = triverse.generate(prompt="a chair", polygon_limit=1000, order_id="another-chair")
    assert len({first, other, named}) == 3
    triverse.wait([first, other, named])
    assert len(service.state.charged()) == 3


def test_the_content_of_a_picture_decides_and_not_its_place(triverse: Triverse, tmp_path: Path) -> None:
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    for path in (one, two):
        path.write_bytes(models.preview_path("1k").read_bytes())
    first = triverse.generate("image-to-model", image_file=one)
    assert triverse.generate("image-to-model", image_file=str(two)) == first
    two.write_bytes(models.preview_path("20k").read_bytes())
    assert triverse.generate("image-to-model", image_file=two) != first


def test_a_failed_task_says_why_and_is_tried_again(triverse: Triverse, service: StandIn) -> None:
    task = triverse.generate(prompt="a chair that will fail")
    with pytest.raises(scripting.TriverseError) as caught:
        task.wait()
    assert task.stage is Stage.FAILED
    assert isinstance(task.error, type(caught.value))
    assert str(task.error)
    assert service.state.user.charged == 0
    again = triverse.generate(prompt="a chair that will fail")
    assert again == task
    assert not again.is_done
    assert triverse.wait([again]) == [], "it fails again, and that is no error of the wait"


def test_a_refused_task_has_the_exception_of_its_reason(triverse: Triverse, service: StandIn) -> None:
    service.state.user.balance = 0
    with pytest.raises(scripting.InsufficientCreditsError) as caught:
        triverse.generate(prompt="a chair").wait()
    assert caught.value.code == 2010


def test_a_time_limit_leaves_the_task_alone(triverse: Triverse, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    task = triverse.generate(prompt="a chair", polygon_limit=1000)
    with pytest.raises(scripting.WaitTimeoutError):
        task.wait(timeout_s=0.5)
    with pytest.raises(TimeoutError):
        triverse.wait([task], timeout_s=0.1)
    assert not task.is_done
    service.state.clock.speed = 40.0
    assert task.wait().error is None


def test_an_error_of_on_change_ends_the_wait(triverse: Triverse) -> None:
    def stop(_: Task) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        triverse.generate(prompt="a chair").wait(on_change=stop)


def test_invalid_requests_send_nothing(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    for flow, fields, field in (
        ("text-to-model", {"prompt": "a"}, "prompt"),
        ("text-to-model", {"prompt": "a chair", "colour": "red"}, "colour"),
        ("text-to-nothing", {"prompt": "a chair"}, "flow"),
        ("image-to-model", {"image_file": tmp_path / "none.png"}, "image_file"),
        ("image-to-model", {"image_file": 7}, "image_file"),
        ("image-to-model", {"image_file": "null\0.png"}, "image_file"),
        ("text-to-model", {"prompt": "a chair", "name": 7}, "name"),
        ("image-to-model", {}, "image_file"),
    ):
        with pytest.raises(scripting.InputError) as caught:
            triverse.generate(flow, **fields)
        assert caught.value.field == field
    assert triverse.tasks() == []
    assert not service.state.tasks


def test_credits_are_asked_for(triverse: Triverse, service: StandIn) -> None:
    assert triverse.balance().balance == service.state.user.balance
    small, turbo = triverse.quote(polygon_limit=1000), triverse.quote("text-to-model", turbo=True)
    assert small.cost_credits != turbo.cost_credits
    with pytest.raises(scripting.InputError):
        triverse.quote("text-to-model", colour="red")


def test_credits_can_be_asked_for_without_waiting(triverse: Triverse, service: StandIn) -> None:
    answers: list[object] = []
    threads: list[threading.Thread] = []

    def note(answer: object) -> None:
        answers.append(answer)
        threads.append(threading.current_thread())

    triverse.ask_balance(note)
    triverse.ask_quote(note, polygon_limit=1000)
    triverse.ask_quote(note, "text-to-model", colour="red")
    task = triverse.generate(prompt="a chair", polygon_limit=1000).wait()
    while len(answers) < 3:
        triverse.generate(prompt=f"a chair {len(answers)}", polygon_limit=1000).wait()
    assert {type(answer).__name__ for answer in answers} == {"Balance", "Quote", "InputError"}
    assert set(threads) == {threading.main_thread()}
    assert task.is_done


def test_tasks_made_elsewhere_are_tracked_and_found(triverse: Triverse, service: StandIn, tmp_path: Path) -> None:
    uuid = triverse.generate(prompt="a red chair", polygon_limit=1000).wait().uuid
    assert uuid is not None
    with scripting.open(data=tmp_path / "elsewhere", key=service.key, url=service.url) as other:
        task = other.track(uuid)
        assert task.wait().files.model is not None
        assert other.track(f" {uuid} ") == task
        with pytest.raises(TypeError):
            other.track(None)  # type: ignore[arg-type]
        assert [one.uuid for one in other.tasks(search="chair", stage="ready")] == [uuid]
        assert other.tasks(stage=["failed", Stage.GONE]) == []
        with pytest.raises(ValueError, match="no stage"):
            other.tasks(stage="no stage")
        with pytest.raises(ValueError, match="count"):
            other.tasks(count=-1)
        assert other.tasks(count=0) == []
        with pytest.raises(scripting.InputError):
            other.track("no uuid!")


def test_functions_are_called_when_tasks_change(triverse: Triverse) -> None:
    changes: list[Stage] = []
    done: list[str] = []
    task = triverse.generate(prompt="a chair", polygon_limit=1000)
    task.on_change(lambda one: changes.append(one.stage)).on_done(lambda one: done.append(one.name))
    task.wait()
    triverse.generate(prompt="a lamp", polygon_limit=1000).wait()
    assert done == ["a chair"]
    assert changes[-1] is Stage.READY
    task.on_done(lambda one: done.append("late"))
    triverse.generate(prompt="a sofa", polygon_limit=1000).wait()
    assert done == ["a chair", "late"]


def test_a_function_that_waits_for_another_task_is_not_called_while_it_runs(triverse: Triverse) -> None:
    running: list[Stage] = []
    most_at_once = 0
    told: list[Stage] = []

    def waits(one: Task) -> None:
        nonlocal most_at_once
        running.append(one.stage)
        most_at_once = max(most_at_once, len(running))
        told.append(one.stage)
        if len(told) < 20:
            triverse.generate(prompt="a lamp", polygon_limit=1000).wait()
        running.pop()

    task = triverse.generate(prompt="a chair", polygon_limit=1000).on_change(waits)
    task.wait()
    triverse.generate(prompt="a sofa", polygon_limit=1000).wait()
    assert most_at_once == 1
    assert told[-1] is Stage.READY, told


def test_a_function_that_raises_is_told_in_the_history(triverse: Triverse) -> None:
    def careless(_: Task) -> None:
        raise ZeroDivisionError("by nothing")

    task = triverse.generate(prompt="a chair", polygon_limit=1000).on_done(careless)
    task.wait()
    triverse.generate(prompt="a lamp", polygon_limit=1000).wait()
    said = [str(line.sentence) for line in triverse._connection.engine.history(task.id)]
    assert any("careless" in one and "ZeroDivisionError: by nothing" in one for one in said), said


def test_a_task_that_is_left_alone_goes_on_when_it_is_asked_for_again(triverse: Triverse, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    task = triverse.generate(prompt="a chair", polygon_limit=1000)
    task.stop_following()
    assert task.is_done
    with pytest.raises(scripting.TaskFailedError):
        task.wait()
    service.state.clock.speed = 40.0
    again = triverse.generate(prompt="a chair", polygon_limit=1000)
    assert again == task
    assert again.wait().error is None
    assert len(service.state.charged()) == 1


def test_tasks_are_awaited(triverse: Triverse, service: StandIn) -> None:
    async def make(prompt: str) -> Task:
        return await triverse.generate(prompt=prompt, polygon_limit=1000)

    async def main() -> list[Task]:
        return list(await asyncio.gather(*(make(f"a chair {number}") for number in range(3))))

    assert [task.stage for task in asyncio.run(main())] == ["ready"] * 3
    assert len(service.state.charged()) == 3

    async def fail() -> None:
        await triverse.generate(prompt="a chair that will fail")

    with pytest.raises(scripting.TriverseError):
        asyncio.run(fail())


@pytest.mark.parametrize("call", ["wait", "balance", "quote"])
def test_in_a_window_nothing_waits(triverse: Triverse, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    task = triverse.generate(prompt="a chair", polygon_limit=1000)
    with monkeypatch.context() as patch:
        patch.setattr("triverse_addon.scripting.connection.in_window", lambda: True)
        with pytest.raises(scripting.WouldBlockError, match=r"Use (on_done|ask_balance|ask_quote)\(\) there"):
            getattr(task if call == "wait" else triverse, call)()


def test_what_is_missing_is_said_before_anything_is_stored(tmp_path: Path, service: StandIn) -> None:
    with scripting.open(data=tmp_path, url=service.url) as triverse, pytest.raises(scripting.KeyMissingError):
        triverse.generate(prompt="a chair")
    with scripting.open(data=tmp_path, key="key", offline=True) as triverse:
        with pytest.raises(scripting.OfflineError):
            triverse.generate(prompt="a chair")
        with pytest.raises(scripting.OfflineError):
            triverse.balance()
        assert triverse.tasks() == []
    with pytest.raises(scripting.InputError, match="data"):
        scripting.open()


def test_a_key_of_the_environment_is_for_its_service(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVERSE_API_KEY", service.key)
    elsewhere = "https://triverse.invalid/api/v1"
    with scripting.open(data=tmp_path, url=elsewhere) as triverse, pytest.raises(scripting.KeyMissingError):
        triverse.balance()
    monkeypatch.setenv("TRIVERSE_API_URL", service.url)
    with scripting.open(data=tmp_path) as triverse:
        assert triverse.balance().balance > 0


def test_importing_the_module_brings_no_network_library_and_no_blender() -> None:
    heavy = ["requests", "urllib3", "websockets", "sqlite3", "ssl", "asyncio", "bpy"]
    code = f"import sys, triverse_addon.scripting; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
