# SPDX-License-Identifier: GPL-3.0-or-later
"""A child that is started before its job: one job each, one that waits at most, and none that stays. Plain Python."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import eventually
from triverse_addon.api.sentence import Sentence
from triverse_addon.scene.child import process as child_process
from triverse_addon.scene.child import ready_process
from triverse_addon.scene.child.process import ChildEndedError, ChildMessages
from triverse_addon.scene.child.ready_process import ReadyChildProcess
from triverse_addon.scene.worker.job_format import ExpectedInput, PrepareInput, PrepareOutput
from triverse_addon.tasks.converter import ConvertError, ConvertStopped

#: Stands for a child Blender. It notes its process id, takes its job by either way, and does what the job's ``kind``
#: says.
CHILD = """
import json, os, pathlib, signal, sys, time
def note(name):
    with open({notes!r}, "a") as file:
        file.write(f"{{name}} {{os.getpid()}}\\n")
note("started")
{first}
path = sys.argv[-1] if sys.argv[-1] != "1" else sys.stdin.readline().strip()
if path == "expected.json":
    note("expected " + pathlib.Path(path).read_text().replace(" ", ""))
    path = sys.stdin.readline().strip()
if not path:
    sys.exit(1)
path = pathlib.Path(path)
path.with_suffix(".begun").touch()
note("begun")
job = json.loads(path.read_text())
kind = job["fields"]["kind"]
if kind == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if kind == "hang":
    time.sleep(600)
result = pathlib.Path(job["result_path"])
print("a word")
result.write_text(json.dumps({{"type": "PrepareOutput", "fields": {{"name": str(os.getpid())}}}}))
result.with_suffix(".done").touch()
"""

MESSAGES = ChildMessages(
    too_slow=Sentence.of("Too slow."),
    killed=Sentence.of("Killed."),
    crashed=Sentence.of("Crashed ({signal})."),
    ended=Sentence.of("Ended ({code})."),
    stopped=Sentence.of("Stopped."),
    refused=lambda kind, detail: Sentence.of("Refused {kind} {detail}.", kind=kind, detail=detail),
)


class House:
    """A process for jobs, its folders, and what its children noted."""

    def __init__(self, folder: Path) -> None:
        self.out, self.work, self._notes = folder / "out", folder / "work", folder / "notes"
        self._made: list[ReadyChildProcess] = []

    def process(self, first: str = "", **more: float) -> ReadyChildProcess:
        script = CHILD.format(notes=str(self._notes), first=first)
        command = (sys.executable, "-c", script)
        options = {"timeout_s": 60.0} | more
        self._made.append(ReadyChildProcess(command, MESSAGES, log="child.log", **options))  # type: ignore[arg-type]
        return self._made[-1]

    def run(self, process: ReadyChildProcess, kind: str = "", stop: threading.Event | None = None) -> int:
        given = PrepareInput(kind, "", "", 0, 0)
        return int(process.run(given, PrepareOutput, self.out, stop or threading.Event()).name)

    def noted(self, name: str) -> list[int]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [int(line.split()[-1]) for line in lines if line.split()[0] == name]

    def close(self) -> None:
        for process in self._made:
            process.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(ready_process, "_has_memory", lambda: True)
    made = House(tmp_path)
    yield made
    made.close()


def is_reaped(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_child_that_waits_gets_the_job_and_no_second_one(house: House) -> None:
    process = house.process()
    process.expect_job(house.work)
    assert eventually(lambda: house.noted("started"))
    (waiting,) = house.noted("started")
    assert house.run(process) == waiting
    assert not process.is_waiting
    assert house.run(process) != waiting, "the next job gets a child of its own"
    process.close()
    assert all(is_reaped(pid) for pid in house.noted("started"))
    assert (house.out / "child.log").read_text() == "a word\n"
    assert list(house.work.iterdir()) == []


def test_never_more_than_one_waits(house: House) -> None:
    process = house.process()
    for _ in range(5):
        process.expect_job(house.work)
    assert eventually(lambda: house.noted("started"))
    threads = [threading.Thread(target=process.expect_job, args=(house.work,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.run(process)
    assert len(house.noted("started")) == 1


def test_a_child_that_was_shown_files_gets_the_job_of_these_alone(house: House) -> None:
    process = house.process()
    process.prepare(ExpectedInput(None, "preview"), house.out)  # none waits: nothing happens
    process.expect_job(house.work)
    process.prepare(ExpectedInput("part", "preview"), house.out)
    process.prepare(ExpectedInput("other", "other"), house.out)
    assert eventually(lambda: house.noted("expected"))
    (shown,) = house.noted("expected")
    own, house.out = house.out, house.out.with_name("of another model")
    assert house.run(process) != shown, "another model never meets it"
    assert process.is_waiting
    house.out = own
    assert house.run(process) == shown
    assert house.noted("expected") == [shown], "once is enough"
    process.close()
    assert list(house.work.iterdir()) == []


def test_a_child_that_ends_over_the_files_costs_nothing(house: House) -> None:
    process = house.process("if sys.argv[-1] == '1':\n    sys.stdin.readline()\n    sys.exit(3)")
    process.expect_job(house.work)
    process.prepare(ExpectedInput(None, "preview"), house.out)
    assert eventually(lambda: not process.is_waiting)
    house.run(process)
    assert len(house.noted("begun")) == 1


def test_a_crash_in_a_job_costs_that_job_alone(house: House) -> None:
    process = house.process()
    process.expect_job(house.work)
    with pytest.raises(ChildEndedError, match="SIGSEGV"):
        house.run(process, "crash")
    assert len(house.noted("begun")) == 1, "the model that took the child down is not read a second time"
    process.expect_job(house.work)
    assert house.run(process) == house.noted("started")[1]
    process.close()
    assert list(house.work.iterdir()) == []


def test_a_child_that_ends_while_it_waits_costs_nothing(house: House) -> None:
    marker = str(house.work.parent / "ended")
    first = f"if not os.path.exists({marker!r}):\n    open({marker!r}, 'w').close()\n    sys.exit(3)"
    process = house.process(first)
    process.expect_job(house.work)
    assert eventually(lambda: not process.is_waiting)
    assert house.run(process) == house.noted("started")[1]


def test_a_child_that_ends_when_it_is_given_its_job_costs_nothing(house: House) -> None:
    # It reads the path and ends, as one that the system killed in that moment.
    process = house.process("if sys.argv[-1] == '1':\n    sys.stdin.readline()\n    sys.exit(3)")
    process.expect_job(house.work)
    house.run(process)
    assert len(house.noted("begun")) == 1
    assert list(house.work.iterdir()) == []


def test_a_child_without_a_job_ends(house: House) -> None:
    process = house.process(idle_s=0.05)
    process.expect_job(house.work)
    assert eventually(lambda: not process.is_waiting and not list(house.work.iterdir()))
    assert all(is_reaped(pid) for pid in house.noted("started"))
    house.run(process)


def test_closing_ends_the_child_that_waits(house: House) -> None:
    process = house.process()
    process.expect_job(house.work)
    assert eventually(lambda: house.noted("started"))
    process.close()
    assert is_reaped(house.noted("started")[0])
    assert list(house.work.iterdir()) == []
    # A timer that was cancelled ends when its thread has the processor next.
    assert eventually(lambda: not [one for one in threading.enumerate() if one.name.startswith("triverse-child")])


def test_stopping_ends_a_job_that_hangs(house: House) -> None:
    process, stop = house.process(), threading.Event()
    process.expect_job(house.work)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            house.run(process, "hang", stop)
        except ConvertStopped as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert eventually(lambda: house.noted("begun"))
    stop.set()
    thread.join(60)
    assert len(caught) == 1
    assert is_reaped(house.noted("begun")[0])
    assert list(house.work.iterdir()) == []


def test_the_time_limit_holds_for_a_child_that_waited(house: House) -> None:
    process = house.process(timeout_s=1.0)
    process.expect_job(house.work)
    with pytest.raises(ConvertError, match="Too slow"):
        house.run(process, "hang")
    assert all(is_reaped(pid) for pid in house.noted("started"))


@pytest.mark.parametrize(
    ("physical", "available", "waits"),
    [(16, 8, True), (16, None, True), (16, 1, False), (4, 3.5, False), (0, None, False)],
)
def test_none_waits_where_memory_is_short(
    house: House, monkeypatch: pytest.MonkeyPatch, physical: float, available: float | None, waits: bool
) -> None:
    monkeypatch.undo()
    memory = ready_process.machine_memory
    monkeypatch.setattr(memory, "physical_bytes", lambda: int(physical * 1024**3))
    monkeypatch.setattr(memory, "available_bytes", lambda: None if available is None else int(available * 1024**3))
    process = house.process()
    process.expect_job(house.work)
    assert process.is_waiting == waits
    house.run(process)


def test_without_a_thread_for_its_output_no_child_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    process = house.process()
    with monkeypatch.context() as without:
        without.setattr(child_process.threading.Thread, "start", lambda _thread: no_thread())
        process.expect_job(house.work)
    assert not process.is_waiting
    assert all(is_reaped(pid) for pid in house.noted("started"))
    assert list(house.work.iterdir()) == []
    house.run(process)


def no_thread() -> None:
    raise RuntimeError("can't start new thread")


def test_a_folder_that_cannot_be_made_only_means_that_none_waits(house: House) -> None:
    house.work.write_text("a file")
    process = house.process()
    process.expect_job(house.work)
    assert not process.is_waiting
    house.run(process)
