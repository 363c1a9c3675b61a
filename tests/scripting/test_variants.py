# SPDX-License-Identifier: GPL-3.0-or-later
"""Several variants of one wish, ordered by scripts: one group, each paid once, whatever happens to the script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.server import StandIn
from triverse_addon import scripting
from triverse_addon.scripting import Triverse

REPO = Path(__file__).resolve().parents[2]


def test_variants_are_one_group_and_each_is_paid_once(triverse: Triverse, service: StandIn) -> None:
    made = triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=3)
    assert [task.name for task in made] == ["a chair 1", "a chair 2", "a chair 3"]
    assert len({task.record.group for task in made}) == 1
    assert [(task.record.variant, task.record.variants) for task in made] == [(1, 3), (2, 3), (3, 3)]
    assert triverse.wait(made) == made
    assert len({task.files.model for task in made}) == 3
    assert len(service.state.charged()) == 3
    assert triverse.generate_variants(polygon_limit=1000, prompt="a chair", count=3) == made
    assert triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=2) == made[:2]
    assert len(service.state.charged()) == 3


def test_more_variants_than_before_cost_only_what_is_new(triverse: Triverse, service: StandIn) -> None:
    two = triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=2)
    triverse.wait(two)
    four = triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=4)
    assert four[:2] == two
    triverse.wait(four)
    assert len({task.record.group for task in four}) == 1
    assert [(task.record.variant, task.record.variants) for task in four] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(service.state.charged()) == 4


def test_other_wishes_and_orders_on_purpose_are_paid(triverse: Triverse, service: StandIn) -> None:
    wish = {"prompt": "a chair", "polygon_limit": 1000}
    single = triverse.generate(**wish)  # type: ignore[arg-type]
    groups = [
        triverse.generate_variants(count=2, **wish),  # type: ignore[arg-type]
        triverse.generate_variants(count=2, allow_duplicate=True, **wish),  # type: ignore[arg-type]
        # They differ where there is no room for the number of a variant.
        triverse.generate_variants(count=2, order_id="x" * 63 + "a", **wish),  # type: ignore[arg-type]
        triverse.generate_variants(count=2, order_id="x" * 63 + "b", **wish),  # type: ignore[arg-type]
    ]
    assert triverse.generate_variants(count=2, order_id="x" * 63 + "a", **wish) == groups[2]  # type: ignore[arg-type]
    tasks = [single, *(task for group in groups for task in group)]
    assert len(set(tasks)) == 9
    assert len({task.record.group for task in tasks}) == 5
    triverse.wait(tasks)
    assert len(service.state.charged()) == 9


def test_a_failed_variant_is_tried_again_and_the_others_are_not(triverse: Triverse, service: StandIn) -> None:
    service.faults.add("create", status=403, code=2010, message="not enough", times=1)
    made = triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=3)
    assert len(triverse.wait(made)) == 2
    again = triverse.generate_variants(prompt="a chair", polygon_limit=1000, count=3)
    assert again == made
    assert triverse.wait(again) == made
    assert len(service.state.charged()) == 3


@pytest.mark.parametrize("count", [0, -1, 9, True, 2.0])
def test_impossible_counts_send_nothing(triverse: Triverse, service: StandIn, count: int) -> None:
    with pytest.raises(scripting.InputError) as caught:
        triverse.generate_variants(prompt="a chair", count=count)
    assert caught.value.field == "count"
    assert triverse.tasks() == []
    assert not service.state.tasks


@pytest.mark.parametrize("stage", ["submitting", "waiting", "downloading"])
def test_killed_and_started_again_each_is_paid_once(service: StandIn, tmp_path: Path, stage: str) -> None:
    service.state.clock.speed = 4.0
    if stage == "submitting":
        # The service has one of the orders, and its answer is lost with the process.
        service.faults.add("create", latency_s=600, times=1)
    environment = os.environ | {"TRIVERSE_API_KEY": service.key, "TRIVERSE_API_URL": service.url}
    command = [sys.executable, "-m", "tests.scripting.victim", service.url, str(tmp_path), "3"]
    victim = subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    for line in victim.stdout:
        if line.strip() == stage:
            break
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    service.faults.clear()
    service.state.clock.speed = 40.0
    again = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, timeout=120, check=True)
    paths = [Path(line) for line in again.stdout.splitlines()[-3:]]
    assert len(set(paths)) == 3
    assert all(path.is_file() for path in paths)
    assert len(service.state.charged()) == 3
