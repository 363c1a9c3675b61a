# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of flows without a model, in any form. One: ``python scripts/test.py tests/api/test_output_values.py``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api.output_values import MOST_CHARACTERS, MOST_FILES, result_text, result_urls
from triverse_addon.api.payloads import parse_status

ONE, TWO = "https://files.invalid/1", "https://files.invalid/2"
GIVEN, BETTER = "a chair", "a carved oak chair with a woven seat"


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (None, ()),
        ({}, ()),
        (ONE, (ONE,)),
        ([ONE, TWO, ONE], (ONE, TWO)),
        ({"image_url": ONE}, (ONE,)),
        ({"images": [{"url": ONE}, {"url": TWO, "w": 3}], "thumbnail_url": "https://files.invalid/s"}, (ONE, TWO)),
        ({"preview_url": ONE, "render_urls": [TWO]}, (TWO,)),
        ({"preview_url": ONE}, ()),
        ({"preview_url": [ONE, TWO]}, (ONE, TWO)),
        ({"geometry_model_url": [ONE], "textured_model_url": [TWO]}, (TWO,)),
        ({"url": "ftp://files.invalid/1", "other": 3}, ()),
    ],
)
def test_urls(output: object, urls: tuple[str, ...]) -> None:
    assert result_urls(output) == urls


@pytest.mark.parametrize(
    "output",
    [
        BETTER,
        {"text": BETTER},
        {"prompt": BETTER},
        {"prompt": GIVEN, "optimized_prompt": BETTER},
        {"original_prompt": GIVEN + " of some sort that is long", "result": {"prompt": BETTER}, "language": "en"},
        {"choices": [{"content": BETTER}], "id": "x"},
        {
            "enhanced": BETTER,
            "image_url": ONE,
            "negative_prompt": "blurry, low quality, deformed, extra legs",
        },
    ],
)
def test_text(output: object) -> None:
    assert result_text(output, GIVEN) == BETTER


def test_what_only_repeats_the_prompt_is_an_answer_too() -> None:
    assert result_text({"text": GIVEN}, GIVEN) == GIVEN


def test_before_success_nothing_counts() -> None:
    body = {"task_uuid": "a-b", "output": {"text": BETTER, "url": ONE}, "input": {"prompt": GIVEN}}
    running, done = (parse_status({**body, "status": status}) for status in ("RUNNING", "SUCCESS"))
    assert (running.result_text, running.result_urls) == ("", ())
    assert (done.result_text, done.result_urls) == (BETTER, (ONE,))


ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from([ONE, TWO]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(ANYTHING, st.text())
def test_anything_is_read_without_an_error(output: object, prompt: str) -> None:
    assert len(result_urls(output)) <= MOST_FILES
    text = result_text(output, prompt)
    assert len(text) <= MOST_CHARACTERS
    assert "\n" not in text
    parse_status({"task_uuid": "a", "status": "SUCCESS", "output": output})


def test_a_deep_or_endless_output_is_left() -> None:
    deep: Any = ONE
    for _ in range(5000):
        deep = [deep]
    assert result_urls(deep) == ()
    assert len(result_urls([f"{ONE}{number}" for number in range(100_000)])) == MOST_FILES
