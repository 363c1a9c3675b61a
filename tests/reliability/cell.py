# SPDX-License-Identifier: GPL-3.0-or-later
"""
One cell of the matrix: a task whose requests of one kind meet one trouble, from the wish to the import.

Plain Python, no ``bpy``. The engine, the client, the store and the connections are the real ones; waits and time-outs
are shortened by ``conftest.py``, and the child Blender is left out.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.reliability.leaks import files_with_key
from tests.reliability.troubles import QUESTIONS, Seen, Trouble
from tests.service import models
from tests.service.faults import Fault
from tests.service.server import StandIn
from tests.tasks.engines import convert, import_all, settings_for
from triverse_addon.api.client import Client
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.events import BalanceKnown, Event, KeyTested, Quoted
from triverse_addon.tasks.record.record import Stage, TaskRecord, TaskRequest
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.version import addon_version

#: A net against a hang; nothing counts on it.
LIMIT_S = 90.0
#: Of the client, where the trouble is that nothing comes. Elsewhere a busy machine must not look like that trouble.
SHORT_READ_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 15.0

_ENDED = frozenset({Stage.IMPORTED, Stage.FAILED, Stage.CANCELLED, Stage.GONE})


class Cell:
    """
    Runs one cell; use :meth:`run`.

    :param kind: of the request that meets the trouble.
    :param folder: of this cell alone.
    """

    def __init__(self, trouble: Trouble, kind: str, folder: Path) -> None:
        self.trouble = trouble
        self.kind = kind
        self.folder = folder
        self.problems: list[str] = []
        self.notes: dict[str, None] = {}
        self.events: list[Event] = []
        self.pressed: list[str] = []
        self.sentence = ""
        self.rules: list[Fault] = []

    def run(self) -> Seen:
        """Run it, and say what was seen; nothing is raised but what is wrong with the test itself."""
        self.folder.mkdir(parents=True)
        with StandIn(speed=60, samples=("1k",)) as service:
            self.service = service
            self._arm()
            live = self.kind == "ws"
            settings = settings_for(service, self.folder, live=live, max_model_bytes=64 * 1024**2)
            engine = self.engine = Engine(settings, convert, make_client=self._client)
            engine.start()
            try:
                if self.kind in QUESTIONS:
                    self._ask()
                else:
                    self._make()
                self._check_key()
            finally:
                engine.shutdown(timeout_s=10.0)
                service.faults.clear()
            self._check_money()
        outcome = " then ".join(self.pressed) or "goes on by itself"
        return Seen(self.trouble.name, self.kind, outcome, self.sentence, tuple(self.problems))

    def _client(self, settings: Settings) -> Client:
        timeout_s = SHORT_READ_TIMEOUT_S if self.trouble.is_silent else READ_TIMEOUT_S
        return Client(settings.api_url, settings.api_key, version=addon_version(), read_timeout_s=timeout_s)

    def _arm(self) -> None:
        faults = self.service.faults
        lasting = len(self.trouble.rules) > 1
        if self.kind in ("url", "download"):
            # Both are only asked when the link in the status has expired, and the second when there is no new link.
            faults.add("asset", expired=True, times=None if lasting else 1)
        if self.kind == "download":
            faults.add("url", status=404, code=1006, times=None if lasting else 1)
        self.rules = [faults.add(self.kind, **rule) for rule in self.trouble.rules]

    def _until(self, look: Callable[[], object]) -> None:
        end = time.monotonic() + LIMIT_S
        while not look():
            if time.monotonic() > end:
                states = [(r.stage, str(r.status_note), str(r.error), r.attempts) for r in self.engine.tasks()]
                raise AssertionError(f"{self.trouble} at {self.kind}: stuck with {states}, {self.notes.keys()}")
            self._pump()
            time.sleep(0.01)

    def _pump(self) -> None:
        for event in self.engine.pump(0.05, import_all).events:
            self.events.append(event)
            record = getattr(event, "record", None)
            if isinstance(record, TaskRecord) and record.status_note is not None:
                self.notes[str(record.status_note)] = None

    def _down_and_up(self) -> None:
        """Stop the service while the request is under way; start it once that was noticed and told."""
        if not self.trouble.down:
            return
        self._until(lambda: self.rules[0].hits)
        self.service.stop()
        if self.kind in QUESTIONS or self.kind in ("ws", "preview"):
            self._until(lambda: True)
        else:
            self._until(lambda: any("cannot be reached" in note for note in self.notes))
        self.service.start()

    # -------------------------------------------------------------------------
    # A task

    def _make(self) -> None:
        task_id = self.engine.submit(self._request()).id
        self._down_and_up()
        if self.kind == "ws":
            # On a busy machine the task would have come in by polling before the WebSocket was tried.
            self._until(lambda: all(rule.hits for rule in self.rules) and self._record(task_id).task_uuid)
            self.service.state.finish(self._record(task_id).task_uuid or "")
        record = self._end_of(task_id)
        while record.stage is not Stage.IMPORTED:
            sentence = str(record.error or "")
            self.sentence = self.sentence or sentence
            if record.error is None or not _is_clear(record.error):
                self.problems.append(f"no clear sentence: {sentence!r}")
            if len(self.pressed) == 2:
                self.problems.append(f"still {record.stage}: {sentence}")
                return
            self.pressed.append("Retry")
            self.engine.retry(task_id)
            record = self._end_of(task_id)
        if not self.sentence:
            self.sentence = next(iter(self.notes), "")
        if record.status_note is not None or record.error is not None:
            self.problems.append(f"imported, and still says {record.status_note or record.error}")
        if Path(record.model_path).read_bytes() != models.glb_path("1k").read_bytes():
            self.problems.append("the model is not what the service made")
        missed = [rule.id for rule in self.rules if not rule.hits]
        if missed:
            self.problems.append(f"rules {missed} were never met")

    def _end_of(self, task_id: str) -> TaskRecord:
        self._until(lambda: self._record(task_id).stage in _ENDED)
        return self._record(task_id)

    def _record(self, task_id: str) -> TaskRecord:
        record = self.engine.get(task_id)
        assert record is not None
        return record

    def _request(self) -> TaskRequest:
        picture, model = self.folder / "a picture.png", self.folder / "a model.glb"
        smallest = {"polygon_limit": 1000}
        if self.kind == "upload_model":
            shutil.copy(models.preview_path("1k"), picture)
            shutil.copy(models.glb_path("1k"), model)
            return TaskRequest("texture-model", smallest, {"image_file": str(picture), "model_file": str(model)})
        if self.kind == "upload_image" or self.trouble.name == "uploaded file expired":
            shutil.copy(models.preview_path("1k"), picture)
            return TaskRequest("image-to-model", smallest, {"image_file": str(picture)})
        words = "a stone well, tris:1k" + (", hold" if self.kind == "ws" else "")
        return TaskRequest("text-to-model", {"prompt": words})

    # -------------------------------------------------------------------------
    # A question

    def _ask(self) -> None:
        first = self._answer_to()
        error: Sentence | None = getattr(first, "error", None)
        if isinstance(first, KeyTested) and not first.ok:
            error = first.sentence
        self.sentence = str(error or "")
        if error is not None and not _is_clear(error):
            self.problems.append(f"no clear sentence: {self.sentence!r}")
        if not self.rules[0].hits:
            self.problems.append("the rule was never met")
        # A key that was refused is not tried again at once.
        self._until(lambda: not self.engine.blocked()[1])
        self.service.faults.clear()
        second = self._answer_to()
        if (isinstance(second, KeyTested) and not second.ok) or getattr(second, "error", None):
            self.problems.append(f"asked again, it still fails: {second}")

    def _answer_to(self) -> Event:
        kinds: dict[str, tuple[type, Callable[[], Any]]] = {
            "quote": (Quoted, lambda: self.engine.ask_quote("text-to-model", {"prompt": "a stone well"})),
            "balance": (BalanceKnown, self.engine.ask_balance),
            "me": (KeyTested, self.engine.test_key),
        }
        answer, ask = kinds[self.kind]
        before = sum(isinstance(event, answer) for event in self.events)
        ask()
        if not before:
            self._down_and_up()
        self._until(lambda: sum(isinstance(event, answer) for event in self.events) > before)
        return [event for event in self.events if isinstance(event, answer)][-1]

    # -------------------------------------------------------------------------
    # What always holds

    def _check_key(self) -> None:
        """Look for the key in all files while they are open; ``conftest.py`` looks in what was logged and told."""
        self.problems += [f"the key is in {path.name}" for path in files_with_key(self.folder)]

    def _check_money(self) -> None:
        state = self.service.state
        state.settle()
        if state.leaks:
            self.problems.append(f"leaks: {state.leaks}")
        if self.kind in QUESTIONS:
            return
        charged = state.charged()
        if len(charged) != 1:
            self.problems.append(f"charged {len(charged)} times: {[made.client_order_id for made in charged]}")
        if state.user.frozen:
            self.problems.append(f"{state.user.frozen} credits stay frozen")
        without_order = [made for made in state.creations if not made.client_order_id]
        if without_order:
            self.problems.append("a creation left without its client_order_id")


def _is_clear(sentence: Sentence) -> bool:
    """Tell a whole sentence; the service's own words and an address may be its end."""
    return str(sentence)[:1].isupper() and sentence.template.endswith((".", ": {message}", ": {url}"))
