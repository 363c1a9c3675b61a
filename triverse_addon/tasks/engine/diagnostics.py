# SPDX-License-Identifier: GPL-3.0-or-later
"""
A report for a bug tracker with the facts needed to find a fault, and without personal data.

Floor: first. Thread: main; does a few small reads of the store. No ``bpy``: the driver passes what it knows of Blender.

The content is an allow-list, not filtered text: no key, prompt, name, path, file address or e-mail. Sentences appear as
their templates, without values, because a value may be a path or the service's text about a prompt. For the loaded
libraries, the report shows the end of the path, from the folder of Blender or of the add-on that provides them.
"""

import platform
import re
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from ...api.errors import TriverseError
from ...api.flows import FLOWS
from ...api.keys import redact
from ...api.libraries import all_libraries
from ...api.urls import DEFAULT_API_URL, is_loopback
from ..record.record import Stage, TaskRecord
from ..settings import Settings
from ..store.store import Store
from ..version import addon_version
from .engine import Engine

#: Number of tasks listed individually, newest first.
_TASKS = 20
#: Number of history lines per task, the newest ones.
_LINES = 40
_UUID = re.compile(r"[0-9a-f-]{32,40}")
_STATUSES = frozenset({"PENDING", "QUEUED", "RUNNING", "SUCCESS", "FAILED", "CANCELLED"})


def report(engine: Engine, host: Mapping[str, str]) -> str:
    """
    Return the report for a running engine.

    :param host: the driver's facts by label: Blender's version, how it was started, the window system.
    """
    return report_of(engine.settings, host, _state(engine), engine.store)


def report_of(settings: Settings, host: Mapping[str, str], state: Mapping[str, str], tasks: Store | None) -> str:
    """
    Return the report as text, with the API key redacted.

    :param settings: the settings to describe.
    :param host: the driver's facts by label, see :func:`report`.
    :param state: the engine's facts by label; must contain no personal data.
    :param tasks: the store to read tasks from; None if there is none.
    """
    lines = ["# Triverse report", "", "## Machine"]
    lines += _listed({**host, "System": platform.platform(), "Python": platform.python_version()})
    lines += _listed({library.name: str(library) for library in all_libraries()})
    lines += ["", "## Settings", *_listed(_settings(settings))]
    lines += ["", "## State", *_listed({**state, "Tasks": _counts(tasks)})]
    lines += ["", "## Newest tasks", *_newest(tasks)]
    return redact("\n".join(lines) + "\n", settings.api_key)


def _listed(facts: Mapping[str, str]) -> list[str]:
    return [f"- {label}: {value}" for label, value in facts.items()]


def _settings(settings: Settings) -> dict[str, str]:
    return {
        "Add-on": addon_version(),
        "Key": "set" if settings.api_key else "not set",
        "Service address": _address(settings.api_url),
        "Online access": "on" if settings.online else f"off, by {settings.offline_by}",
        "Live updates": "allowed" if settings.live else "switched off",
    }


def _address(url: str) -> str:
    if url == DEFAULT_API_URL:
        return "the default"
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("https", "http"):
        return "no web address"
    return f"another one ({scheme}, {'this machine' if is_loopback(url) else 'elsewhere'})"


def _state(engine: Engine) -> dict[str, str]:
    block, sentence = engine.blocked()
    problem = engine.notice_problem
    return {
        "Requests": "let through" if sentence is None else f"kept back: {block}: {sentence.template}",
        "WebSocket": "up" if engine.live else "down",
        "List of tasks": "good" if problem is None else problem.template,
        "Active": str(engine.active_count),
        "Threads": ", ".join(sorted(t.name for t in threading.enumerate() if t.name.startswith("triverse"))) or "none",
    }


def _counts(tasks: Store | None) -> str:
    if tasks is None:
        return "no list"
    try:
        counts = {stage: tasks.count([stage]) for stage in Stage}
    except TriverseError as error:
        return error.sentence.template
    return ", ".join(f"{count} {stage}" for stage, count in counts.items() if count) or "none"


def _newest(tasks: Store | None) -> list[str]:
    if tasks is None:
        return ["none"]
    try:
        records = tasks.page(offset=0, count=_TASKS)
    except TriverseError as error:
        return [error.sentence.template]
    return [line for record in records for line in _task(tasks, record)] or ["none"]


def _task(tasks: Store, record: TaskRecord) -> list[str]:
    # Text of the service is included only if it is one of the documented words.
    uuid = record.task_uuid or ""
    status = record.service_status if record.service_status in _STATUSES else "another word"
    about = [
        record.flow if record.flow in FLOWS else "another flow" if record.flow else "flow not known",
        str(record.stage),
        f"service: {status if record.service_status else 'nothing yet'}",
        f"failures in a row: {record.attempts}",
        f"code: {record.error_code}" if record.error_code is not None else "",
        f"uuid ends with {uuid[-6:]}" if _UUID.fullmatch(uuid) else "",
    ]
    lines = [f"- {', '.join(part for part in about if part)}"]
    try:
        history = tasks.history(record.id)
    except TriverseError:
        return lines
    start_s = record.created_at_s
    lines += [
        f"  - {line.at_s - start_s:+.1f} s {line.level}: {line.sentence.template}"
        for line in history[-_LINES:]
        if line.sentence
    ]
    return lines
