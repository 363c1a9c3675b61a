# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for flows without a model: they end with 0, and print the text or the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.driver import Cli
from tests.service.server import StandIn


def test_a_better_prompt_is_printed(cli: Cli) -> None:
    answer = cli.run("generate", "--flow", "prompt-optimization", "--prompt", "a stone well")
    assert answer.code == 0, answer.people
    (result,) = answer.of("result")
    assert result["stage"] == "done"
    assert result["result_text"] == "a stone well, fine detail, studio light"
    assert answer.people.strip().endswith(result["result_text"])
    (listed,) = cli.run("list").of("task")
    assert listed["result_text"] == result["result_text"]
    assert cli.run("resume").people.strip() == "There is nothing to resume."


def test_files_are_printed(cli: Cli, service: StandIn) -> None:
    service.state.settings.answer_shape = "list"
    answer = cli.run(
        *("generate", "--flow", "model-preview-render", "--model", "https://example.com/a.glb", "--image-count", "2")
    )
    assert answer.code == 0, answer.people
    (result,) = answer.of("result")
    assert (result["output"], result["model_path"]) == (None, None)
    assert len(result["result_files"]) == 2
    for path in result["result_files"]:
        assert Path(path).read_bytes().startswith(b"\x89PNG")
        assert path in answer.people.splitlines()
    tracked = cli.run("track", result["task_uuid"], "--output", "a.glb")
    assert tracked.code == 0, tracked.people
    assert "no GLB model" in tracked.people
    assert not (cli.folder / "a.glb").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("--flow", "image-generation", "--prompt", "a well"),
        ("--flow", "convert-model-format", "--model", "https://example.com/a.glb", "--output-format", "obj"),
    ],
)
def test_no_file_is_named_for_what_gives_none(cli: Cli, service: StandIn, argv: tuple[str, ...]) -> None:
    answer = cli.run("generate", *argv, "--output", "well.glb")
    assert answer.code == 2
    assert "gives no GLB model" in answer.people
    assert service.state.requests == []
