# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands, except ``batch``.

Floor: third. Thread: main, which may block on the network here, since there is no window to redraw. No ``bpy``.
"""

import argparse
import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..api.calendar import local_text
from ..api.errors import TriverseError
from ..api.flows import FLOWS, check, check_sources, yields_glb
from ..api.sentence import Sentence
from ..api.urls import check_task_uuid
from ..batch.library.asset_writer import BLENDER
from ..scripting import credits
from ..tasks.converter import Converter, NoChildError
from ..tasks.engine.diagnostics import report_of
from ..tasks.engine.engine import Engine
from ..tasks.preparer import Preparer
from ..tasks.record.record import UNFINISHED, Placement, Stage, TaskRequest, is_url
from ..tasks.record.status_text import stage_text
from ..tasks.settings import Settings
from ..tasks.store.query import Query
from . import arguments, variants
from .batch import batch
from .equal_orders import is_kept_back, ordered, refused_as_repetition
from .errors import UsageError
from .exit_codes import Exit, for_all
from .host import Host
from .origin import new_origin
from .output import Output
from .output_file import check_output, not_ours, was_written_by
from .progress import ProgressPrinter
from .resuming import Resumed
from .setup import open_client, open_engine, open_store, problem_of, ready_to_send
from .wait import OutputGroup, TaskResult, TaskWaiter


def generate(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Generate a model, wait for it and save it."""
    flow = arguments.flow_name(args)
    values = check(flow, arguments.values(args))
    sources = {
        name: source if is_url(source) else os.path.abspath(Path(source).expanduser())
        for name, source in arguments.sources(args).items()
        if source.strip()  # an empty variable of a script is no picture, and not the folder it is started in
    }
    preparer = host.preparer()
    as_they_are = {
        name: source
        for name, source in sources.items()
        if not is_url(source) and not _is_taken(preparer, flow, name, source)
    }
    check_sources(flow, as_they_are, elsewhere=sources.keys() - as_they_are.keys())
    path = _output_path(args, host)
    variants.check_output_holds(path, args.count)
    placement = _placement(args, path)
    if placement != Placement() and not yields_glb(FLOWS[flow], values):
        raise UsageError(Sentence.of("--merge-vertices and --smooth-angle are for tasks that give a GLB model."))
    if path is not None and not yields_glb(FLOWS[flow], values):
        raise UsageError(
            Sentence.of("This gives no GLB model to save. Leave out --output: where its files are is told at the end.")
        )
    _check_not_a_source(path, sources)
    settings = ready_to_send(args, host)
    _check_machine(path, host, settings)
    if FLOWS[flow].experimental:
        output.say(FLOWS[flow].experimental)
    request = TaskRequest(
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
        if args.count > 1:
            records = variants.order_all(engine, request, args.count, settings, output, anew=args.allow_duplicate)
        else:
            records = [ordered(engine, request, output)]
        group = OutputGroup(tuple(record.id for record in records), path, placement)
        return _wait_and_print(engine, [group], args, host, output)


def _is_taken(preparer: Preparer | None, flow: str, name: str, source: str) -> bool:
    """Return whether the preparer converts this source, and so checks it, before the upload."""
    kind = next((field.kind for field in FLOWS[flow].sources if field.name == name), None)
    return preparer is not None and kind is not None and preparer.takes(source, kind)


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
        return _wait_and_print(engine, [OutputGroup(tuple(record.id for record in records), path)], args, host, output)


def resume(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Resume all unfinished tasks, and save the models that earlier commands could not save."""
    resumed = Resumed(args, host, output)
    if not resumed.is_something:
        output.say("There is nothing to resume.")
        return Exit.DONE
    with resumed.opened() as engine:
        code = _wait_and_print(engine, resumed.groups, args, host, output)
    return code if code is not Exit.DONE else resumed.code


def list_tasks(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the tasks of this machine. Nothing is sent or changed."""
    with open_store(host.settings(args.data, offline=args.offline)) as store:
        query = Query(args.search, UNFINISHED if args.unfinished else frozenset())
        width = 0 if store is None else store.longest_name(query, args.count)
        problem = None if store is None else problem_of(store)
        if problem is not None:
            output.say(problem)
        code = Exit.FAILED if store is not None and store.is_lost else Exit.DONE
        if code is not Exit.DONE:
            output.emit("error", exit_code=int(code), message=str(problem))
        if store is None or not width:
            output.say("There are no tasks.")
            return code
        with output.in_pieces():
            for task in store.listed(query, args.count):
                output.emit("task", **output.task_fields(task))
                made = local_text(task.created_at_s, "%Y-%m-%d %H:%M")
                output.say(f"{made}  {task.task_uuid or '-':36}  {task.name:{width}}  {stage_text(task)}")
    return code


def balance(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the account's credits."""
    found = credits.balance(ready_to_send(args, host))
    output.say(
        Sentence.of(
            "{balance} {balance|credit|credits} to spend, {frozen} held for tasks.",
            balance=found.balance,
            frozen=found.frozen,
        )
    )
    output.emit("balance", balance=found.balance, frozen=found.frozen)
    return Exit.DONE


def quote(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print the price of a task."""
    flow = arguments.flow_name(args)
    values = check(flow, arguments.values(args))
    variants.say_price(ready_to_send(args, host), flow, values, args.count, output)
    return Exit.DONE


def report(args: argparse.Namespace, host: Host, output: Output) -> Exit:
    """Print a report for bug reports. Nothing is sent or changed."""
    settings = host.settings(args.data, offline=args.offline)
    with contextlib.ExitStack() as opened:
        try:
            store = opened.enter_context(open_store(settings))
            state = "good" if store is None or store.problem is None else str(store.problem)
        except TriverseError as error:
            # Why it cannot be opened is what this report is asked for; the values may be paths.
            store, state = None, error.sentence.template
        text = report_of(settings, host.about(), {"List of tasks": state}, store)
    output.product(text)
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
        raise UsageError(not_ours(path))
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
        return was_written_by(path, [] if store is None else store.page(count=1_000_000))


def _check_not_a_source(path: Path | None, sources: Mapping[str, str]) -> None:
    """
    Check that the output file is not one of the sources.

    :raises UsageError: it is.
    """
    for source in sources.values():
        if path is not None and not is_url(source) and path.exists() and path.samefile(source):
            raise UsageError(
                Sentence.of("The model would be written over {path}. Choose another name.", path=str(path))
            )


def _check_machine(path: Path | None, host: Host, settings: Settings) -> None:
    """
    Check that a child Blender can import models on this machine, before credits are spent.

    :raises UsageError: it cannot.
    """
    writer = host.asset_writer(settings.data_dir) if path is not None and path.suffix.lower() == ".blend" else None
    if writer is None:
        return
    # Where no child process is possible, this process imports the model.
    with contextlib.closing(writer), contextlib.suppress(NoChildError):
        problem = writer.try_out((), threading.Event()).get(BLENDER)
        if problem is not None:
            raise UsageError(problem)


def _converter(host: Host, path: Path | None) -> Converter | None:
    """Return a converter, or None if the output is a .glb, which needs no conversion."""
    return None if path is not None and path.suffix.lower() == ".glb" else host.converter()


# -----------------------------------------------------------------------------
# Waiting for the end of the tasks


def _wait_and_print(
    engine: Engine, output_groups: Sequence[OutputGroup], args: argparse.Namespace, host: Host, output: Output
) -> Exit:
    deadline_s = None if args.timeout is None else time.monotonic() + args.timeout
    results = TaskWaiter(engine, host, ProgressPrinter(output), deadline_s).wait_until_done(output_groups)
    files = {task_id: group.output for group in output_groups for task_id in group.ids}
    for result in results:
        # Who asked for an equal order once more is told what the service says.
        refused = None if getattr(args, "allow_duplicate", False) else refused_as_repetition(result.record)
        shown = result if refused is None else dataclasses.replace(result, sentence=refused)
        _print_result(shown, files[result.record.id], output, several=len(results) > 1)
    resume = arguments.spelled(host.prog, "resume", args.data)
    # Most sentences of what is kept back say it themselves, see tasks.record.command_words.
    if any(is_kept_back(one.record) and output.again.lower() not in _told(one, output).lower() for one in results):
        output.say(f"In place of Retry: {output.again.removeprefix('run ')}. What was paid for is not paid again.")
    if any(result.record.is_unfinished for result in results):
        output.say(Sentence.of("Go on with it by: {command}", command=resume))
    return for_all(result.code for result in results)


def _told(result: TaskResult, output: Output) -> str:
    return "" if result.sentence is None else output.text(result.sentence)


def _print_result(result: TaskResult, path: Path | None, output: Output, *, several: bool) -> None:
    record = result.record
    output.emit(
        "result",
        exit_code=int(result.code),
        output=str(path) if path is not None and result.code is Exit.DONE and record.has_model else None,
        message=_told(result, output) or None,
        suggestion=result.suggestion,
        **output.task_fields(record),
    )
    before = f"{record.name}: " if several else ""
    if result.code is not Exit.DONE:
        output.say(before + _told(result, output))
        if result.suggestion:
            output.say(result.suggestion)
        return
    if record.stage is Stage.DONE:
        if path is not None:
            output.say(Sentence.of("This gives no GLB model, so there is nothing for {path}.", path=str(path)))
        for line in (*filter(None, [record.result_text]), *record.result_files):
            output.say(f"{before}{line}")
        return
    output.say(f"{before}{path or record.model_path}")
