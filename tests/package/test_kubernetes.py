# SPDX-License-Identifier: GPL-3.0-or-later
"""
The example of an indexed Job is one by the schema of Kubernetes, and its indices choose every row once.

One: ``python scripts/test.py tests/package/test_kubernetes.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts._dev import venvs
from scripts._dev.cache import REPO
from triverse_addon.batch.input.row_range import rows_in
from triverse_addon.cli.arguments import parse

EXAMPLE = REPO / "docs" / "examples" / "kubernetes-job.yaml"
VERSIONS = ("1.31", "1.37")
VALIDATE = """
import json, sys, yaml, kubernetes_validate
for path in sys.argv[1:]:
    found, error = yaml.safe_load(open(path)), ""
    try:
        for version in VERSIONS:
            kubernetes_validate.validate(found, version, strict=True)
    except kubernetes_validate.ValidationError as refused:
        error = f"ValidationError: {refused}"
    print(json.dumps({"found": found, "error": error}))
"""
#: What the example says, and what would make it no job.
WRONG = (("completions: 40", "completions: many"), ("backoffLimitPerIndex", "backoffPerIndex"))


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the schemas say of the example, in which a field that they do not know is none, and of each wrong one."""
    text = EXAMPLE.read_text("utf-8")
    paths = [EXAMPLE]
    for number, (right, wrong) in enumerate(WRONG):
        assert right in text
        paths.append(tmp_path_factory.mktemp("wrong") / f"job-{number}.yaml")
        paths[-1].write_text(text.replace(right, wrong))
    # One process: the schemas of a version are large.
    command = [venvs.ensure(venvs.WORKFLOWS), "-c", VALIDATE.replace("VERSIONS", repr(VERSIONS)), *paths]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture(scope="module")
def spec(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """The specification of the example, which the schemas take."""
    assert answers[0]["error"] == ""
    found: dict[str, Any] = answers[0]["found"]["spec"]
    return found


def test_the_example_is_a_job(spec: dict[str, Any]) -> None:
    assert spec["completionMode"] == "Indexed"
    (container,) = spec["template"]["spec"]["containers"]
    (key,) = container["env"]
    assert key["name"] == "TRIVERSE_API_KEY"
    assert "secretKeyRef" in key["valueFrom"]


@pytest.mark.parametrize("wrong", WRONG, ids="-".join)
def test_what_is_no_job_is_found(answers: list[dict[str, Any]], wrong: tuple[str, str]) -> None:
    assert "ValidationError" in answers[1 + WRONG.index(wrong)]["error"]


def test_every_row_has_an_index(spec: dict[str, Any], tmp_path: Path) -> None:
    (container,) = spec["template"]["spec"]["containers"]
    blender = tmp_path / "blender"
    blender.write_text("#!/bin/sh\nprintf '%s\\037' \"$@\"\n")
    blender.chmod(0o755)
    rows = []
    for index in range(spec["completions"]):
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index)}
        said = subprocess.run(container["command"] + container["args"], env=env, capture_output=True, check=True).stdout
        words = said.decode().removesuffix("\037").split("\037")
        given = parse(words[words.index("triverse") + 1 :], "triverse")
        assert given.checked
        rows += rows_in(given.rows, 1000)
    assert rows == list(range(1, 1001))
