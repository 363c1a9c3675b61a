# SPDX-License-Identifier: GPL-3.0-or-later
"""
An engine in a process of its own, to be killed: ``python -m tests.tasks.killed URL FOLDER [PROMPT]``.

The key comes in ``TRIVERSE_API_KEY``. With a prompt it orders a model. It prints a line at each change, and
"converting…" while its converter hangs, which it does for as long as the file ``hang`` lies in the folder.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from tests.tasks.engines import convert, import_all
from triverse_addon.tasks.converter import Converted, ConvertJob
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.events import TaskChanged
from triverse_addon.tasks.record.record import TaskRequest
from triverse_addon.tasks.settings import Settings, key_from_environment


def main(url: str, folder: Path, prompt: str = "") -> None:
    """Run until killed, or until every task has ended."""

    def converter(job: ConvertJob, stop: threading.Event) -> Converted:
        while (folder / "hang").exists():
            print("converting…", flush=True)
            stop.wait(0.05)
        return convert(job, stop)

    settings = Settings(folder, folder / "models", api_key=key_from_environment(), api_url=url, live=False)
    engine = Engine(settings, converter)
    engine.start()
    if prompt:
        print("id", engine.submit(TaskRequest("text-to-model", {"prompt": prompt})).id, flush=True)
    while engine.active_count or engine.pump(0).more:
        for event in engine.pump(0.01, import_all).events:
            if isinstance(event, TaskChanged):
                print(event.record.stage, event.record.received_bytes, flush=True)
        time.sleep(0.005)
    engine.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
