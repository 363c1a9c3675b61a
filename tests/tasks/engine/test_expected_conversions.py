# SPDX-License-Identifier: GPL-3.0-or-later
"""The converter hears of a model before that is there, and is closed with the engine. Plain Python, no ``bpy``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import convert, running
from triverse_addon.tasks import machine_memory
from triverse_addon.tasks.converter import Converted, ConvertJob, ExpectedFiles
from triverse_addon.tasks.engine import work_queues
from triverse_addon.tasks.engine.expected_conversions import ExpectedConversions
from triverse_addon.tasks.record.record import Stage, TaskRecord


class Early:
    """A converter that notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def expect_job(self, work_dir: Path) -> None:
        self.heard.append(work_dir)

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        self.heard.append("convert")
        return convert(job, stop)

    def close(self) -> None:
        self.heard.append("close")


class Preparing(Early):
    """A converter that also notes of which files it hears, and what there is of them."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[ExpectedFiles] = []
        self.was_there: list[tuple[bool, bool]] = []

    def prepare(self, expected: ExpectedFiles) -> None:
        self.files.append(expected)
        has_model = (expected.part_path.with_name("model.glb")).exists()
        self.was_there.append((expected.preview_path is not None and expected.preview_path.exists(), has_model))


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


def test_a_model_is_announced_before_it_is_converted(service: StandIn, tmp_path: Path) -> None:
    converter = Early()
    with running(service, tmp_path, converter) as driver:
        driver.reaches(driver.submit(), Stage.IMPORTED)
        work = driver.engine.settings.data_dir / "work"
    assert converter.heard[0] == work
    assert converter.heard.index("convert") > 0
    assert converter.heard[-1] == "close"
    assert set(converter.heard) == {work, "convert", "close"}


def test_the_converter_hears_of_the_preview_before_the_model_is_downloaded(service: StandIn, tmp_path: Path) -> None:
    converter = Preparing()
    with running(service, tmp_path, converter) as driver:
        made = driver.reaches(driver.submit(), Stage.IMPORTED)
    (files,) = converter.files
    assert converter.was_there == [(True, False)]
    assert files.out_dir == Path(made.folder)
    assert files.preview_path == Path(made.preview_path)
    assert files.part_path == Path(made.folder) / ".model.glb.part"
    assert len(service.state.seen("preview")) == 1, "it is downloaded once"


def test_a_preview_that_does_not_come_does_not_hold_up_the_model(service: StandIn, tmp_path: Path) -> None:
    converter = Preparing()
    service.faults.add("preview", status=404, times=99)
    with running(service, tmp_path, converter) as driver:
        made = driver.reaches(driver.submit(), Stage.IMPORTED)
    assert made.preview_path == ""
    assert converter.was_there == [(False, False)]
    assert len(service.state.seen("preview")) == 1, "it is asked for once at this address"


def test_the_preview_is_not_fetched_again_with_the_model(service: StandIn, tmp_path: Path) -> None:
    service.faults.add("asset", status=503, times=2)
    with running(service, tmp_path) as driver:
        made = driver.reaches(driver.submit(), Stage.IMPORTED)
    assert Path(made.preview_path).is_file()
    assert len(service.state.seen("preview")) == 1


def test_what_is_not_converted_is_not_announced(service: StandIn, tmp_path: Path) -> None:
    converter = Early()
    with running(service, tmp_path, converter) as driver:
        driver.reaches(driver.submit(convert=False), Stage.IMPORTED, Stage.READY)
    assert converter.heard == ["close"]


def expected(converter: Early, tmp_path: Path, *, stopped: bool = False) -> ExpectedConversions:
    stop = threading.Event()
    if stopped:
        stop.set()
    context = SimpleNamespace(stop=stop, settings=SimpleNamespace(data_dir=tmp_path))
    return ExpectedConversions(context, converter)  # type: ignore[arg-type]


def record(number: int) -> TaskRecord:
    return TaskRecord(id=f"task{number}", name="Vase", flow="text-to-model", convert=True)


def test_a_task_that_hangs_near_its_end_is_announced_once(tmp_path: Path) -> None:
    converter = Early()
    one = expected(converter, tmp_path)
    for _ in range(5):
        one.soon(record(1))
    assert len(converter.heard) == 1
    one.left_stage("task1")
    one.soon(record(1))
    assert len(converter.heard) == 2, "in the next stage it is announced again"


def test_the_next_child_is_started_only_for_models_that_are_still_to_come(tmp_path: Path) -> None:
    converter = Early()
    one = expected(converter, tmp_path)
    one.soon(record(1))
    one.soon(record(2))
    one.left_stage("task1")
    converter.heard.clear()
    one.converted()
    assert len(converter.heard) == 1, "task 2 is to come"
    one.left_stage("task2")
    one.converted()
    assert len(converter.heard) == 1, "nothing more is to come"


def test_files_are_shown_only_while_no_other_model_is_to_come(tmp_path: Path) -> None:
    converter = Preparing()
    one = expected(converter, tmp_path)
    files = ExpectedFiles(tmp_path / "part", None, tmp_path)
    one.soon(record(1))
    one.files(record(1), files)
    one.soon(record(2))
    one.files(record(2), files)
    one.files(record(1), files)
    assert len(converter.files) == 1
    one.left_stage("task2")
    one.files(record(1), files)
    assert len(converter.files) == 2
    ended = expected(converter, tmp_path, stopped=True)
    ended.soon(record(1))
    ended.files(record(1), files)
    assert len(converter.files) == 2


def test_nothing_is_started_when_the_engine_ends(tmp_path: Path) -> None:
    converter = Early()
    expected(converter, tmp_path, stopped=True).soon(record(1))
    assert converter.heard == []


@pytest.mark.parametrize(
    ("cores", "gigabytes", "at_once"), [(1, 64, 1), (2, 24, 2), (8, 16, 2), (16, 64, 3), (8, 4, 1), (None, 0, 1)]
)
def test_as_many_are_converted_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, gigabytes: int, at_once: int
) -> None:
    monkeypatch.setattr(work_queues.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(machine_memory, "physical_bytes", lambda: gigabytes * 1024**3)
    assert work_queues.conversions_at_once() == at_once


def test_this_machine_says_how_much_memory_it_has() -> None:
    physical, available = machine_memory.physical_bytes(), machine_memory.available_bytes()
    assert physical > 256 * 1024**2
    assert available is None or 0 < available <= physical
