# SPDX-License-Identifier: GPL-3.0-or-later
"""A Flamenco job's settings, from valid to anything: tasks whose arguments are all texts, or refused in words."""

from __future__ import annotations

import random

import pytest

from tests.package.test_farm import arguments, authored

#: Values as a person, a script or another version may give them. A manager hands texts, numbers and truths on.
VALUES: list[object] = [
    *("", " ", "/shared/rows.csv", "//rows.csv", "C:\\a b\\rows.csv", '"', "'", "--yes", "$(id)", "{blender}", "a\nb"),
    *("x" * 5000, "椅子.csv", "\u202e.csv", 0, -1, 1, 25, 3.7, 1e9, 10**15, True, False, None, [], {}, ["a"]),
]
KEYS = ("batch_file", "library", "rows", "chunk_size", "jobs", "max_credits", "retry_failed", "data_folder", "options")


@pytest.mark.kind("fuzz")
@pytest.mark.parametrize("seed", range(40))
def test_settings(seed: int) -> None:
    dice = random.Random(seed)
    settings = {key: dice.choice(VALUES) for key in dice.sample(KEYS, dice.randint(1, 4))}
    if settings.get("chunk_size", 25) in (1, True) or settings.get("rows", 60) in (10**9, 10**15):
        settings["chunk_size"] = 10**6  # a task a row of so many is no job that anybody submits
    if settings.get("rows") == 10**15:
        settings["rows"] = 10**6
    try:
        tasks = authored(**settings)["tasks"]
    except ValueError as error:
        said = str(error)
    else:
        said = ""
        assert [tasks[0]["name"], tasks[-1]["name"]] == ["check", "merge"]
        for task in tasks:
            words = arguments(task)
            assert words[:5] == ["--background", "--online-mode", "--command", "triverse", "batch"]
            # Nothing is split but the options: a path stays one word.
            assert words[5] == settings.get("batch_file", "/shared/rows.csv")
        assert all("--dry-run" not in arguments(task) for task in tasks[1:])
    assert "TypeError" not in said
    assert "ReferenceError" not in said
