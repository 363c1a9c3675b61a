# SPDX-License-Identifier: GPL-3.0-or-later
"""
How soon a status change on the service is in the list: live, and by polling.

    python scripts/test.py --layer lint    (makes the environment)
    <its python> scripts/bench/live.py --tasks 500 --changes 40

No floor (development only). Main thread. Never imports ``bpy``.

So many tasks are held on the stand-in, which runs in this process. One after the other is ended there, and it is
measured until ``Engine.pump``, called every 100 ms as by the panel, has the new stage. The goal is 0.5 s live, and the
longest interval of polling otherwise. Not a test.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

GOAL_S = 0.5
#: As in ui/timers/modal_timer.py.
EVERY_S = 0.1


def main() -> int:
    """Measure and print; 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description="Measure how soon a change is in the list.")
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--polling", action="store_true", help="without the WebSocket")
    options = parser.parse_args()

    from _dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code

    from bench.machine import machine

    from triverse_addon.tasks.engine.pacing import LONGEST_POLL_S

    times_s = measured(options.tasks, options.changes, live=not options.polling)
    print(machine())
    goal_s = LONGEST_POLL_S if options.polling else GOAL_S
    is_met = max(times_s) <= goal_s
    how = "by polling" if options.polling else "live"
    print(
        f"{options.tasks} tasks, {len(times_s)} changes, {how}: median {statistics.median(times_s):.2f} s, "
        f"longest {max(times_s):.2f} s (goal {goal_s} s: {'met' if is_met else 'MISSED'})"
    )
    return 0 if is_met else 1


def measured(tasks: int, changes: int, *, live: bool) -> list[float]:
    """Return the seconds from each change to its place in the list."""
    from tests.service.server import StandIn
    from triverse_addon.tasks.engine.engine import Engine
    from triverse_addon.tasks.record.record import Stage
    from triverse_addon.tasks.settings import Settings

    with tempfile.TemporaryDirectory() as name, StandIn(credits=10_000_000) as service:
        state = service.state
        made = [
            state.create(
                state.user, "text-to-model", {"prompt": f"chair {number} hold", "client_order_id": f"o{number}"}
            )
            for number in range(tasks)
        ]
        folder = Path(name)
        engine = Engine(Settings(folder, folder / "models", api_key=service.key, api_url=service.url, live=live), None)
        engine.start()
        try:
            records = engine.track([task.uuid for task in made])
            ends_s = time.monotonic() + 60.0
            while live and not engine.live and time.monotonic() < ends_s:
                engine.pump(0.1)
                time.sleep(EVERY_S)
            # The states that are pushed on connecting are not what is measured.
            settled_s = time.monotonic() + 5.0
            while time.monotonic() < settled_s:
                engine.pump(0.1)
                time.sleep(EVERY_S)
            times_s = []
            for task, record in list(zip(made, records, strict=True))[:changes]:
                state.finish(task.uuid, "FAILED")
                began_s = time.monotonic()
                while engine.get(record.id).stage is Stage.WAITING and time.monotonic() - began_s < 120.0:  # type: ignore[union-attr]
                    time.sleep(EVERY_S)
                    engine.pump(0.004)
                times_s.append(time.monotonic() - began_s)
        finally:
            engine.shutdown()
    return times_s


if __name__ == "__main__":
    sys.exit(main())
