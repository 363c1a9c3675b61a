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
found = yaml.safe_load(open(sys.argv[1]))
for version in sys.argv[2:]:
    kubernetes_validate.validate(found, version, strict=True)
print(json.dumps(found))
"""


def validated(path: Path) -> dict[str, Any]:
    """The example, which the schemas take; a field that they do not know is none."""
    python = venvs.ensure(venvs.WORKFLOWS)
    answer = subprocess.run([python, "-c", VALIDATE, path, *VERSIONS], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ValueError(answer.stderr)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_example_is_a_job() -> None:
    spec = validated(EXAMPLE)["spec"]
    assert spec["completionMode"] == "Indexed"
    (container,) = spec["template"]["spec"]["containers"]
    (key,) = container["env"]
    assert key["name"] == "TRIVERSE_API_KEY"
    assert "secretKeyRef" in key["valueFrom"]


@pytest.mark.parametrize(
    ("right", "wrong"), [("completions: 40", "completions: many"), ("backoffLimitPerIndex", "backoffPerIndex")]
)
def test_what_is_no_job_is_found(tmp_path: Path, right: str, wrong: str) -> None:
    text = EXAMPLE.read_text("utf-8")
    assert right in text
    (tmp_path / "job.yaml").write_text(text.replace(right, wrong))
    with pytest.raises(ValueError, match="ValidationError"):
        validated(tmp_path / "job.yaml")


def test_every_row_has_an_index(tmp_path: Path) -> None:
    spec = validated(EXAMPLE)["spec"]
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
