# SPDX-License-Identifier: GPL-3.0-or-later
"""That the search for the key, which every test here ends with, finds one."""

from __future__ import annotations

import logging
from pathlib import Path

from tests.reliability.leaks import Log, files_with_key
from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.record.events import Notice


def test_a_key_is_found_in_logs_exceptions_events_tasks_and_files(tmp_path: Path, log: Log) -> None:
    with StandIn(samples=("1k",)) as service:
        logger, key = logging.getLogger("triverse"), service.key
        logger.debug("asked with %s", key)
        assert len(log.take_leaks()) == 1
        try:
            raise LookupError(key)
        except LookupError:
            logger.exception("that went wrong")
        assert len(log.take_leaks()) == 1
        with running(service, tmp_path) as driver:
            driver.engine._context.events.append(Notice("ERROR", Sentence.of("{key}", key=key)))
            driver.until(lambda: driver.events)
            assert len(log.take_leaks()) == 1
            driver.submit(f"a well of {key} hold")
        assert log.take_leaks()
        holders = files_with_key(tmp_path)
        assert holders
        for path in holders:
            path.unlink()
