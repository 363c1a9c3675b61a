# SPDX-License-Identifier: GPL-3.0-or-later
"""What the step before the import does with a model: gives a copy on, says why not, notes what is lost."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.tasks import tolerated
from triverse_addon.tasks.converter import Converted, ConvertJob
from triverse_addon.tasks.engine.deliver_steps import DeliverSteps
from triverse_addon.tasks.engine.expected_conversions import ExpectedConversions
from triverse_addon.tasks.glb.gltf_reader import ANY_BLENDER
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id


class Step:
    """The step, with everything around it written down."""

    def __init__(self, folder: Path, data: bytes) -> None:
        self.model = folder / "model.glb"
        self.model.write_bytes(data)
        self.given: list[tuple[Path, bytes]] = []
        self.told: list[str] = []
        self.failed: list[tuple[str, Stage | None]] = []
        self.moved: list[Any] = []
        context = SimpleNamespace(
            settings=SimpleNamespace(reader=ANY_BLENDER),
            stop_event=lambda _id: contextlib.nullcontext(threading.Event()),
            seals=SimpleNamespace(remember=lambda _path, _sha256: None),
            store=SimpleNamespace(add_history=lambda _id, _level, sentence: self.told.append(str(sentence))),
        )
        transitions = SimpleNamespace(
            fail=lambda _record, error, *, stage=None, is_final: self.failed.append((str(error), stage)),
            move=lambda _record, **changes: self.moved.append(changes["stage"]),
        )
        expected = ExpectedConversions(context, None)  # type: ignore[arg-type]
        self.steps = DeliverSteps(context, transitions, self.convert, lambda *_: None, expected)  # type: ignore[arg-type]

    def convert(self, job: ConvertJob, stop: threading.Event) -> Converted:
        self.given.append((job.glb_path, job.glb_path.read_bytes()))
        return Converted(job.out_dir / "model.blend", None, "Vase", 1, 1, 0.1)

    def run(self) -> None:
        record = TaskRecord(
            id=new_id(), name="Vase", flow="text-to-model", stage=Stage.CONVERTING, model_path=str(self.model),
            folder=str(self.model.parent), convert=True,
        )  # fmt: skip
        self.steps.convert(record)


@pytest.mark.kind("guard-not-stricter")
def test_the_converter_gets_a_copy_only_where_one_is_needed(tmp_path: Path) -> None:
    step = Step(tmp_path, tolerated.AS_IT_IS["whole"])
    step.run()
    assert step.given == [(step.model, tolerated.AS_IT_IS["whole"])]
    step = Step(tmp_path, tolerated.MENDED["NaN"])
    step.run()
    ((path, data),) = step.given
    assert path != step.model
    assert b"NaN" not in data
    assert not path.exists()
    assert step.model.read_bytes() == tolerated.MENDED["NaN"]
    assert step.moved == [Stage.READY]


@pytest.mark.kind("guard-not-stricter")
def test_retry_fetches_again_only_what_another_download_can_help(tmp_path: Path) -> None:
    step = Step(tmp_path, tolerated.AS_IT_IS["whole"][:-8])
    step.run()
    ((said, stage),) = step.failed
    assert "Press Retry to fetch it again" in said
    assert stage is Stage.DOWNLOADING
    step = Step(tmp_path, tolerated.requires("EXT_of_tomorrow"))
    step.run()
    ((said, stage),) = step.failed
    assert "another program may open it" in said
    assert stage is None, "a retry, in another Blender perhaps, looks at what is here"
    assert step.given == []


@pytest.mark.kind("readable-extensions")
def test_what_this_blender_leaves_out_is_in_the_tasks_history(tmp_path: Path) -> None:
    step = Step(tmp_path, tolerated.MENDED["a required property of a material"])
    step.run()
    assert step.told == [
        "This Blender does not know KHR_materials_of_tomorrow: some materials may look a little different."
    ]
    assert step.moved == [Stage.READY]
