# SPDX-License-Identifier: GPL-3.0-or-later
"""
The jobs of a child Blender and its results: both ends read what the other writes, and nothing else.

Plain Python, no ``bpy``.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.scene.worker import job_format, job_json
from triverse_addon.scene.worker.job_format import ConvertOutput, Job, Missing, Processing, Refused, SheetTile
from triverse_addon.scene.worker.job_json import FormatError, read_job, read_output, read_part, write_job, write_output
from triverse_addon.tasks import converter
from triverse_addon.tasks.record import processing

INPUTS = typing.get_args(job_format.Input)
OUTPUTS = typing.get_args(job_format.Output)
WORKER = Path(job_format.__file__).parent

#: Paths may have bytes that are no UTF-8: lone surrogates, which ``st.text`` leaves out.
TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
FLOATS = st.floats(allow_nan=False)
for kind, values in {
    str: TEXT,
    float: FLOATS,
    SheetTile: st.builds(SheetTile, st.none() | TEXT, st.tuples(TEXT)),
}.items():
    st.register_type_strategy(kind, values)

inputs = st.one_of([st.from_type(kind) for kind in INPUTS])
outputs = st.one_of([st.from_type(kind) for kind in OUTPUTS])
jobs = st.builds(Job, inputs, TEXT, st.integers())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)

RESULT = ConvertOutput("Vase", 1, 20, Missing(pictures=("a",)), "00ff", thumbnail=True)


# -----------------------------------------------------------------------------
# What is written is read


@given(jobs)
def test_a_job_is_read_as_it_was_written(job: Job[Any]) -> None:
    found = read_job(write_job(job), *INPUTS)
    assert found == job
    assert type(found.input) is type(job.input)


@given(outputs)
def test_a_result_is_read_as_it_was_written(output: Any) -> None:
    assert read_output(write_output(output), type(output)) == output


def test_a_refusal_is_read_whatever_was_expected() -> None:
    refused = Refused("memory", "")
    assert all(read_output(write_output(refused), kind) == refused for kind in OUTPUTS)


# -----------------------------------------------------------------------------
# Nothing else is


def fields_of(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a text's content, and each object in it whose keys are fixed."""
    content = json.loads(text)
    parts = [content, content["fields"]]
    parts += [part for name, part in content["fields"].items() if name in ("missing", "post")]
    parts += content["fields"].get("tiles", [])
    return content, parts


@given(jobs, TEXT, json_values, st.data())
def test_a_job_with_another_key_is_refused(job: Job[Any], key: str, value: object, data: st.DataObject) -> None:
    content, parts = fields_of(write_job(job))
    part = data.draw(st.sampled_from(parts))
    if key in part:
        return
    part[key] = value
    with pytest.raises(FormatError, match="unknown"):
        read_job(json.dumps(content), *INPUTS)


@given(outputs, TEXT, json_values, st.data())
def test_a_result_with_another_key_is_refused(output: Any, key: str, value: object, data: st.DataObject) -> None:
    content, parts = fields_of(write_output(output))
    part = data.draw(st.sampled_from(parts))
    if key in part:
        return
    part[key] = value
    with pytest.raises(FormatError, match="unknown"):
        read_output(json.dumps(content), type(output))


@given(jobs, st.data())
def test_a_job_without_a_key_is_refused(job: Job[Any], data: st.DataObject) -> None:
    content = json.loads(write_job(job))
    part = data.draw(st.sampled_from([content, content["fields"]]))
    del part[data.draw(st.sampled_from(sorted(part)))]
    with pytest.raises(FormatError):
        read_job(json.dumps(content), *INPUTS)


@given(outputs, st.data())
def test_a_result_without_a_key_is_refused(output: Any, data: st.DataObject) -> None:
    content = json.loads(write_output(output))
    part = data.draw(st.sampled_from([content, content["fields"]]))
    del part[data.draw(st.sampled_from(sorted(part)))]
    with pytest.raises(FormatError):
        read_output(json.dumps(content), type(output))


@given(json_values, st.sampled_from([field.name for field in dataclasses.fields(ConvertOutput)]))
def test_a_value_has_its_type_or_is_refused(value: object, name: str) -> None:
    content = json.loads(write_output(RESULT))
    content["fields"][name] = value
    try:
        found = read_output(json.dumps(content), ConvertOutput)
    except FormatError:
        return
    assert isinstance(found, ConvertOutput)
    assert type(getattr(found, name)) is type(getattr(RESULT, name))


@given(st.text() | json_values.map(json.dumps))
def test_any_other_text_is_refused_with_the_one_error(text: str) -> None:
    for read in (lambda: read_job(text, *INPUTS), lambda: read_output(text, ConvertOutput)):
        with pytest.raises(FormatError):
            read()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"type": "Refused", "fields": ' + "9" * 5000 + "}", "\ud800", ""])
def test_a_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        read_output(text, ConvertOutput)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Processing, {"decimate": True}),
        (Processing, {"merge": 1}),
        (Processing, {"height_m": 10**400}),
        (Processing, {"exports": "glb"}),
        (SheetTile, {"picture": 1, "caption": []}),
        (SheetTile, {"picture": None, "caption": [1]}),
        (SheetTile, []),
    ],
)
def test_types_are_told_apart_strictly(kind: type, values: object) -> None:
    with pytest.raises(FormatError):
        read_part(kind, values)


def test_a_worker_takes_its_own_jobs_only() -> None:
    text = write_job(Job(job_format.TrialInput((), may_draw=True), result_path="/result", memory_bytes=1))
    with pytest.raises(FormatError, match="TrialInput"):
        read_job(text, job_format.ConvertInput)
    with pytest.raises(FormatError, match="ConvertOutput"):
        read_output(write_output(RESULT), job_format.SheetOutput)


# -----------------------------------------------------------------------------
# Both ends


def test_the_fields_are_those_of_the_package() -> None:
    """The child knows nothing of the package, so what it gets of it is written down there again."""
    for there, here in ((processing.Processing, Processing), (converter.Missing, Missing)):
        assert [(one.name, one.default) for one in dataclasses.fields(there)] == [
            (one.name, one.default) for one in dataclasses.fields(here)
        ]
    assert read_part(
        Processing, processing.Processing(cleanup=True, height_m=2.0, exports=("glb",)).to_json()
    ) == Processing(cleanup=True, height_m=2.0, exports=("glb",))


def test_the_child_reads_it_as_plain_modules(tmp_path: Path) -> None:
    job = Job(job_format.TrialInput(("glb",), may_draw=False), result_path="/result", memory_bytes=1)
    script = (
        f"import sys; sys.path.insert(0, {str(WORKER)!r}); import job_json\n"
        "from job_format import TrialInput, TrialOutput\n"
        "job = job_json.read_job(sys.argv[1], TrialInput)\n"
        "print(job_json.write_output(TrialOutput(dict.fromkeys(job.input.exports, job.result_path), True)))\n"
    )
    command = [sys.executable, "-c", script, write_job(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert read_output(done.stdout, job_format.TrialOutput) == job_format.TrialOutput({"glb": "/result"}, True)
    assert job_json.__name__ != "job_json"
