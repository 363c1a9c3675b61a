# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine on a folder of a test, with a converter that only notes what it was given. Plain Python, no ``bpy``."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.service.server import StandIn
from triverse_addon.tasks.converter import Converted, ConvertJob
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.engine.import_queue import Imported, Importer
from triverse_addon.tasks.record.events import Event
from triverse_addon.tasks.record.record import Stage, TaskRecord, TaskRequest
from triverse_addon.tasks.settings import Settings

#: A net against a hang; nothing counts on it.
LIMIT_S = 45.0


def convert(job: ConvertJob, stop: threading.Event) -> Converted:
    """Stand for the child Blender: what matters here is what comes before and after it."""
    path = job.out_dir / "model.blend"
    path.write_bytes(b"blend")
    return Converted(path, None, job.name, triangles=1, objects=1, seconds=0.0)


def import_all(record: TaskRecord) -> Imported:
    """Import whatever is ready."""
    return Imported(record.name)


class Driver:
    """An engine and the loop that pumps it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.events: list[Event] = []
        self.importer: Importer | None = import_all

    def submit(self, prompt: str = "a stone well", **request: Any) -> str:
        """Order a model from words; return our id."""
        return self.engine.submit(TaskRequest("text-to-model", {"prompt": prompt}, **request)).id

    def until(self, look: Callable[[], object]) -> Any:
        """Pump until ``look`` returns something true, and return that."""
        end = time.monotonic() + LIMIT_S
        while not (seen := look()):
            assert time.monotonic() < end, [
                (str(r.stage), r.status_note and str(r.status_note), r.error and str(r.error))
                for r in self.engine.tasks()
            ]
            self.events += self.engine.pump(0.01, self.importer).events
            time.sleep(0.005)
        return seen

    def reaches(self, task_id: str, *stages: Stage) -> TaskRecord:
        """Pump until a task is in one of ``stages``; return it."""
        self.until(lambda: self.record(task_id).stage in stages)
        return self.record(task_id)

    def record(self, task_id: str) -> TaskRecord:
        """Return a task's newest state."""
        record = self.engine.get(task_id)
        assert record is not None
        return record

    def notes(self, task_id: str, words: str) -> TaskRecord:
        """Pump until a task's note holds ``words``; return it."""
        self.until(lambda: words in str(self.record(task_id).status_note or ""))
        return self.record(task_id)


def settings_for(service: StandIn, folder: Path, **changes: Any) -> Settings:
    """Return settings that lead to the stand-in."""
    values: dict[str, Any] = {"api_key": service.key, "api_url": service.url, "live": False}
    return Settings(**({"data_dir": folder, "download_dir": folder / "models"} | values | changes))


@contextlib.contextmanager
def running(service: StandIn, folder: Path, converter: Any = convert, **changes: Any) -> Iterator[Driver]:
    """Start an engine, and stop it at the end."""
    engine = Engine(settings_for(service, folder, **changes), converter)
    engine.start()
    try:
        yield Driver(engine)
    finally:
        engine.shutdown()


def files_with(folder: Path, text: str) -> list[Path]:
    """Return all files below ``folder`` that hold ``text``."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
