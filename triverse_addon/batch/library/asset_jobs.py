# SPDX-License-Identifier: GPL-3.0-or-later
"""
Turn a delivered task into a job for the asset writer, and its result into the ledger's entry.

Floor: between first and second. Thread: any. No ``bpy``.
"""

import dataclasses
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from ...tasks.converter import ChildNotStartedError
from ...tasks.record.provenance import properties, tags
from ...tasks.record.record import TaskRecord
from ..rows.row import Row
from .asset_writer import LICENSE_NOTE, Asset, AssetJob, AssetWriter
from .entry import Entry

log = logging.getLogger(__name__)

#: Pauses between attempts to start a child Blender, in seconds.
_START_PAUSES_S = (1.0, 4.0, 15.0)


def write_with_retries(writer: AssetWriter, job: AssetJob, stop: threading.Event) -> Asset:
    """
    Write a model, retrying when no child Blender can be started. Called on a writer's thread.

    :raises TriverseError: see :class:`asset_writer.AssetWriter`.
    """
    for pause_s in _START_PAUSES_S:
        try:
            return writer(job, stop)
        except ChildNotStartedError as error:
            log.info("%s", error)
            if stop.wait(pause_s):
                break
    return writer(job, stop)


def prompt_of(row: Row) -> str:
    """Return the prompt of a row, "" if it has none."""
    return str(row.params.get("prompt") or "")


def job_for(row: Row, record: TaskRecord, entry: Entry, library: Path, catalog_ids: Mapping[str, str]) -> AssetJob:
    """
    Return the job for a row whose model was downloaded.

    :param catalog_ids: catalog path -> UUID.
    """
    preview = Path(record.preview_path) if record.preview_path else None
    # Of a task ordered on another machine, only the status is known here.
    known = {**properties(record), "triverse_flow": row.flow, "triverse_license": LICENSE_NOTE}
    if prompt := prompt_of(row):
        known["triverse_prompt"] = prompt
    return AssetJob(
        model_path=Path(record.model_path),
        preview_path=preview,
        library=library,
        stem=entry.stem,
        name=row.title,
        properties=known,
        tags=tuple(dict.fromkeys([*row.tags, *tags(record)])),
        description=prompt_of(row),
        catalog_id=catalog_ids.get(row.catalog, ""),
        post=row.post,
    )


def new_entry(entry: Entry, row: Row, record: TaskRecord, asset: Asset) -> Entry:
    """Return the ledger entry of a row whose asset was written. With a problem, its state is "failed"."""
    return dataclasses.replace(
        entry,
        state="done" if asset.problem is None else "failed",
        name=row.title,
        flow=row.flow,
        prompt=prompt_of(row),
        catalog=row.catalog,
        tags=row.tags,
        files=dict(asset.files),
        triangles=asset.triangles if asset.triangles is not None else record.triangles,
        cost_credits=record.cost_credits if record.cost_credits is not None else entry.cost_credits,
        task_uuid=record.task_uuid or entry.task_uuid,
        created_at_s=record.created_at_s,
        error=str(asset.problem or ""),
    )
