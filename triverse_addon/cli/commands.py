# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands, except ``batch``.

Floor: third. Thread: main, which may block on the network here, since there is no window to redraw. No ``bpy``.
"""

import argparse
import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..api.calendar import local_text
from ..api.flows import FLOWS, check, check_sources, yields_glb
from ..api.sentence import Sentence
from ..api.urls import check_task_uuid
from ..batch.library.asset_writer import BLENDER
from ..tasks.converter import Converter, NoChildError
from ..tasks.engine.diagnostics import report_of
from ..tasks.engine.engine import Engine
from ..tasks.preparer import Preparer, is_made_of
from ..tasks.record import UNFINISHED, NewTask, Placement, Stage, TaskRecord, is_url
from ..tasks.settings import Settings
from ..tasks.status_text import stage_words
from . import arguments
from .batch import batch
from .errors import UsageError
from .exit_codes import Exit, for_all
from .host import Host
from .output import Output, task_fields
from .output_file import check_output
from .progress import Progress
from .setup import check_ready, open_client, open_engine, open_store, ready_to_send
from .wait import SESSION, Delivery, Ending, Watch, new_origin

#: Tolerance in seconds for clock differences and coarse timestamps of file systems.
_CLOCKS_S = 5.0


def generate(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Generate a model, wait for it and save it."""
    flow = arguments.flow_name(args)
    values = check(flow, arguments.values(args))
    sources = {
        name: source if is_url(source) else os.path.abspath(Path(source).expanduser())
        for name, source in arguments.sources(args).items()
    }
    preparer = host.preparer()
    as_they_are = {
        name: source
        for name, source in sources.items()
        if not is_url(source) and not _is_taken(preparer, flow, name, source)
    }
    check_sources(flow, as_they_are, elsewhere=sources.keys() - as_they_are.keys())
    path = _output_path(args, host)
    placement = _placement(args, path)
    if placement != Placement() and not yields_glb(FLOWS[flow], values):
        raise UsageError(Sentence.of("--merge-vertices and --smooth-angle are for tasks that give a GLB model."))
    _keep_sources(path, sources)
    settings = ready_to_send(args, host)
    _try_machine(path, host, settings)
    if FLOWS[flow].experimental:
        output.say(FLOWS[flow].experimental)
    wish = NewTask(
        flow=flow,
        values=values,
        sources=sources,
        name=args.name or "",
        origin=new_origin(path),
        placement=placement,
        auto_import=False,
        allow_duplicate=args.allow_duplicate,
    )
    with open_engine(settings, _converter(host, path), output, preparer) as engine:
        record = None if args.allow_duplicate else _kept_order(engine, wish)
        if record is not None:
            output.say("An equal order that was not accepted before is kept; it goes on.")
        else:
            record = engine.submit(wish)
        return _follow(engine, [Delivery((record.id,), path, placement)], args, host, output)


def _is_taken(preparer: Preparer | None, flow: str, name: str, source: str) -> bool:
    """Return whether the preparer converts this source, and so checks it, before the upload."""
    kind = next((field.kind for field in FLOWS[flow].sources if field.name == name), None)
    return preparer is not None and kind is not None and preparer.takes(source, kind)


def _kept_order(engine: Engine, wish: NewTask) -> TaskRecord | None:
    """
    Return the record of an earlier, equal command that the service has not accepted yet.

    A user who repeats a command that failed with "no key" or "service not reachable" wants, and pays for, one model.
    """
    for record in engine.tasks():
        wanted = (record.flow, record.params, record.sources.keys()) == (wish.flow, wish.values, wish.sources.keys())
        wanted = wanted and all(is_made_of(record.sources[name], source) for name, source in wish.sources.items())
        if wanted and record.is_unfinished and not record.is_paid and record.origin.session == SESSION:
            return record
    return None


def track(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Wait for tasks that were created elsewhere, and save their models in one file."""
    uuids = [check_task_uuid(uuid) for uuid in args.uuids]
    path = _output_path(args, host)
    if path is not None and path.suffix.lower() == ".glb" and len(set(uuids)) > 1:
        raise UsageError(Sentence.of("A .glb file takes one model. Name a .blend file, or track one task at a time."))
    placement = _placement(args, path)
    settings = ready_to_send(args, host)
    with open_client(settings) as client:
        for uuid in uuids:
            # The engine waits a minute for an unknown task, as it may be new. Here the UUID was probably mistyped.
            client.status(uuid)
    with open_engine(settings, _converter(host, path), output) as engine:
        records = engine.track(uuids, origin=new_origin(path), placement=placement, auto_import=False)
        return _follow(engine, [Delivery(tuple(record.id for record in records), path)], args, host, output)


def resume(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Resume all unfinished tasks, and save the models that earlier commands could not save."""
    settings = host.settings(args.data, offline=args.offline)
    deliveries = _unfinished(settings)
    if not deliveries:
        output.say("There is nothing to resume.")
        return Exit.DONE
    check_ready(settings)
    if any(_needs_blender(delivery) for delivery in deliveries) and not host.can_save_blend:
        raise UsageError(Sentence.of("A .blend file is to be saved, which takes Blender. Resume in Blender."))
    for delivery in deliveries:
        if delivery.output is not None:
            check_output(str(delivery.output))
    with open_engine(settings, host.converter(), output, host.preparer()) as engine:
        return _follow(engine, deliveries, args, host, output)


def _unfinished(settings: Settings) -> list[Delivery]:
    """Return the tasks to resume: grouped by output file for tasks of the command line, otherwise one by one."""
    with open_store(settings) as store:
        if store is None:
            return []
        open_ones = [
            record
            for record in store.page(count=1_000_000, stages=UNFINISHED | {Stage.READY})
            if record.is_unfinished or (record.stage is Stage.READY and _is_for_a_file(record))
        ]
        # If a file was never saved, its imported models must be imported again.
        groups = {record.origin.scene_id for record in open_ones if _is_for_a_file(record)}
        imported = store.page(count=1_000_000, stages=[Stage.IMPORTED]) if groups else []
    members: dict[tuple[str, str], list[TaskRecord]] = {}
    for record in reversed([*open_ones, *(one for one in imported if one.origin.scene_id in groups)]):
        key = (record.origin.scene_id, record.origin.file) if _is_for_a_file(record) else (record.id, "")
        members.setdefault(key, []).append(record)
    return [
        Delivery(tuple(record.id for record in records), Path(file) if file else None)
        for (_, file), records in members.items()
    ]


def _is_for_a_file(record: TaskRecord) -> bool:
    return record.origin.session == SESSION and bool(record.origin.file)


def list_tasks(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the tasks of this machine. Nothing is sent or changed."""
    with open_store(host.settings(args.data, offline=args.offline)) as store:
        stages = UNFINISHED if args.unfinished else ()
        records = [] if store is None else store.page(count=args.count, search=args.search, stages=stages)
    if not records:
        output.say("There are no tasks.")
    width = max((len(record.name) for record in records), default=0)
    for record in records:
        output.emit("task", **task_fields(record))
        made = local_text(record.created_at_s, "%Y-%m-%d %H:%M")
        output.say(f"{made}  {record.task_uuid or '-':36}  {record.name:{width}}  {stage_words(record)}")
    return Exit.DONE


def balance(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the account's credits."""
    with open_client(ready_to_send(args, host)) as client:
        found = client.balance()
    output.say(
        Sentence.of("{balance} credits to spend, {frozen} held for tasks.", balance=found.balance, frozen=found.frozen)
    )
    output.emit("balance", balance=found.balance, frozen=found.frozen)
    return Exit.DONE


def quote(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the price of a task."""
    flow = arguments.flow_name(args)
    values = check(flow, arguments.values(args))
    with open_client(ready_to_send(args, host)) as client:
        found = client.quote(flow, values)
    output.say(Sentence.of("This costs {credits} credits.", credits=found.cost_credits))
    if found.available_credits is not None:
        output.say(Sentence.of("You have {credits} credits.", credits=found.available_credits))
    output.emit(
        "quote",
        flow=found.flow_name,
        cost_credits=found.cost_credits,
        available_credits=found.available_credits,
        params=dict(found.params),
    )
    return Exit.DONE


def report(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print a report for bug reports. Nothing is sent or changed."""
    settings = host.settings(args.data, offline=args.offline)
    with open_store(settings) as store:
        problem = None if store is None else store.problem
        state = {"List of tasks": "good"} if problem is None else {"List of tasks": problem.template}
        text = report_of(settings, host.about(), state, store)
    for line in text.splitlines():
        output.say(line)
    output.emit("report", text=text)
    return Exit.DONE


COMMANDS: Mapping[str, Callable[[argparse.Namespace, Host, Output], Exit]] = {
    "generate": generate,
    "track": track,
    "resume": resume,
    "list": list_tasks,
    "batch": batch,
    "balance": balance,
    "quote": quote,
    "report": report,
}


# -----------------------------------------------------------------------------
# Before anything is sent


def _output_path(args: argparse.Namespace, host: Host) -> Path | None:
    if args.output is None:
        return None
    path = check_output(args.output)
    if path.suffix.lower() == ".blend" and not host.can_save_blend:
        raise UsageError(
            Sentence.of("A .blend file takes Blender. Name a .glb file, or run this with Blender or the bpy module.")
        )
    if path.exists() and not args.overwrite and not _is_ours(path, args, host):
        raise UsageError(
            Sentence.of(
                "The file {path} is there, and no command wrote it as it is now. Name another, or add --overwrite.",
                path=str(path),
            )
        )
    return path


def _placement(args: argparse.Namespace, path: Path | None) -> Placement:
    """
    Return the mesh options for the import of a delivered model.

    :raises UsageError: options were given for a .glb file, which is saved as delivered.
    """
    placement = Placement(merge=args.merge_vertices, smooth_deg=args.smooth_angle or 0)
    if placement != Placement() and path is not None and path.suffix.lower() == ".glb":
        raise UsageError(
            Sentence.of(
                "A .glb file holds the model as it is delivered. Name a .blend file, or leave out --merge-vertices and "
                "--smooth-angle."
            )
        )
    return placement


def _is_ours(path: Path, args: argparse.Namespace, host: Host) -> bool:
    """
    Return whether an existing file may be overwritten: it is open in Blender, or a command of this machine wrote it.

    It must not have been modified since it was written. A command that named the file but never wrote it does not
    count.
    """
    if host.is_open(path):
        return True
    with open_store(host.settings(args.data, offline=args.offline)) as store:
        records = [] if store is None else store.page(count=1_000_000)
    written = [
        record.imported_at_s
        for record in records
        if record.origin.session == SESSION and record.origin.file == str(path) and record.stage is Stage.IMPORTED
    ]
    return path.stat().st_mtime <= max((at_s for at_s in written if at_s), default=-math.inf) + _CLOCKS_S


def _keep_sources(path: Path | None, sources: Mapping[str, str]) -> None:
    """
    Check that the output file is not one of the sources.

    :raises UsageError: it is.
    """
    for source in sources.values():
        if path is not None and not is_url(source) and path.exists() and path.samefile(source):
            raise UsageError(
                Sentence.of("The model would be written over {path}. Choose another name.", path=str(path))
            )


def _try_machine(path: Path | None, host: Host, settings: Settings) -> None:
    """
    Check that a child Blender can import models on this machine, before credits are spent.

    :raises UsageError: it cannot.
    """
    writer = host.asset_writer(settings.data_dir) if path is not None and path.suffix.lower() == ".blend" else None
    if writer is None:
        return
    # Where no child process is possible, this process imports the model.
    with contextlib.suppress(NoChildError):
        problem = writer.try_out((), threading.Event()).get(BLENDER)
        if problem is not None:
            raise UsageError(problem)


def _needs_blender(delivery: Delivery) -> bool:
    return delivery.output is not None and delivery.output.suffix.lower() == ".blend"


def _converter(host: Host, path: Path | None) -> Converter | None:
    """Return a converter, or None if the output is a .glb, which needs no conversion."""
    return None if path is not None and path.suffix.lower() == ".glb" else host.converter()


# -----------------------------------------------------------------------------
# Waiting for the end of the tasks


def _follow(
    engine: Engine, deliveries: Sequence[Delivery], args: argparse.Namespace, host: Host, output: Output
) -> Exit:
    deadline_s = None if args.timeout is None else time.monotonic() + args.timeout
    endings = Watch(engine, host, Progress(output), deadline_s).until_done(deliveries)
    files = {task_id: delivery.output for delivery in deliveries for task_id in delivery.ids}
    for ending in endings:
        _tell_ending(ending, files[ending.record.id], output, several=len(endings) > 1)
    if any(ending.record.is_unfinished for ending in endings):
        output.say(Sentence.of("Go on with it by: {prog} resume", prog=host.prog))
    return for_all(ending.code for ending in endings)


def _tell_ending(ending: Ending, path: Path | None, output: Output, *, several: bool) -> None:
    record = ending.record
    output.emit(
        "result",
        exit_code=int(ending.code),
        output=str(path) if path is not None and ending.code is Exit.DONE else None,
        message=None if ending.sentence is None else str(ending.sentence),
        suggestion=ending.suggestion,
        **task_fields(record),
    )
    before = f"{record.name}: " if several else ""
    if ending.code is not Exit.DONE:
        output.say(f"{before}{ending.sentence}")
        if ending.suggestion:
            output.say(ending.suggestion)
        return
    output.say(f"{before}{path or record.model_path}")
