# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a user does, in a process that has other libraries in memory. Plain Python, no ``bpy``.

``python -m tests.tasks.other_libraries URL KEY DIR PICTURE`` prints one JSON object.
"""

from __future__ import annotations

import json
import math
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from triverse_addon.tasks.engine.diagnostics import report
from triverse_addon.tasks.record.events import LiveChanged, TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRequest

from .engines import LIMIT_S, Driver, Engine, Settings, convert

ENDS = (Stage.IMPORTED, Stage.FAILED)


def _finish(url: str, task_uuid: str) -> None:
    """Let the stand-in end a task."""
    parts = urllib.parse.urlsplit(url)
    body = json.dumps({"task_uuid": task_uuid, "outcome": "SUCCESS"}).encode()
    request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}/_standin/finish", body)
    urllib.request.urlopen(request, timeout=LIMIT_S).close()


def main() -> None:
    """Order a model from words and one from a picture, with live updates, and look for tasks made elsewhere."""
    url, key, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    engine = Engine(Settings(folder, folder / "models", api_key=key, api_url=url), convert)
    engine.start()
    try:
        driver = Driver(engine)
        small = {"polygon_limit": 1000}
        from_words = TaskRequest("text-to-model", {"prompt": "a stone well hold"} | small)
        from_picture = TaskRequest("image-to-model", small, {"image_file": sys.argv[4]})
        orders = [engine.submit(wish).id for wish in (from_words, from_picture)]
        blocked = engine.blocked
        # The first one waits at the service until live updates have begun, or are known not to.
        supervisor = engine._supervisor
        driver.until(lambda: engine.live or supervisor._live_after_s == math.inf or blocked()[1])
        if not blocked()[1]:
            driver.until(lambda: driver.record(orders[0]).task_uuid)
            _finish(url, driver.record(orders[0]).task_uuid or "")
        driver.until(
            lambda: all(
                driver.record(one).stage in ENDS or (blocked()[1] and driver.record(one).status_note) for one in orders
            )
        )
        engine.find_tasks()
        driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        found = next(event for event in driver.events if isinstance(event, TasksFound))
        told = {
            "stages": [str(driver.record(one).stage) for one in orders],
            "notes": [str(driver.record(one).status_note or driver.record(one).error or "") for one in orders],
            "sizes": [Path(driver.record(one).model_path or folder).stat().st_size for one in orders],
            "live": any(isinstance(event, LiveChanged) and event.live for event in driver.events),
            "found": str(found.error or ""),
            "report": report(engine, {}),
        }
    finally:
        engine.shutdown()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
