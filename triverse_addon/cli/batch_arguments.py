# SPDX-License-Identifier: GPL-3.0-or-later
"""
The options of ``triverse batch``.

Floor: third. Thread: any. No ``bpy``.
"""

import argparse
from pathlib import Path

from ..api.flows import FLOWS
from ..api.sentence import Sentence
from ..batch.input.validation import OWN_COLUMNS
from ..batch.outside_files import ANY_FILE
from ..batch.rows.post_options import COLUMNS
from ..batch.run.limits import MAX_CONCURRENT_TASKS, Limits
from ..batch.run.request import BatchRequest, library_for
from .argument_types import seconds, whole
from .errors import UsageError


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of ``batch`` to its parser."""
    defaults = Limits()
    command.epilog = _epilog()
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("file", metavar="FILE", help="a CSV, JSON or JSON Lines file, or a folder of pictures")
    command.add_argument(
        "--library", metavar="DIR", help="asset library to write into; by default FILE-library next to FILE"
    )
    command.add_argument(
        "--set",
        metavar="COLUMN=VALUE",
        action="append",
        default=[],
        help="a value for rows that do not have their own, such as polygon_limit=20000; may be repeated",
    )
    command.add_argument("--rows", metavar="A:B", help="only these, counted from 1, both included; A-B is the same")
    command.add_argument(
        "--jobs",
        metavar="N",
        type=whole(1, MAX_CONCURRENT_TASKS),
        default=defaults.jobs,
        help=f"tasks under way at once (default: {defaults.jobs})",
    )
    command.add_argument(
        "--writers",
        metavar="N",
        type=whole(1, 64),
        default=defaults.writers,
        help="models written at once, each by a Blender of its own, which takes 1 to 3 GB for the largest "
        f"(default: {defaults.writers})",
    )
    command.add_argument("--yes", action="store_true", help="order without asking, whatever it costs")
    command.add_argument(
        "--max-credits",
        metavar="N",
        type=whole(0, of=" of credits"),
        help="order without asking, and only if it costs at most N credits",
    )
    command.add_argument(
        "--allow-outside-files",
        action="store_true",
        help="open pictures and models that lie outside FILE's folder, behind links or on other machines, without "
        "asking; --yes does not cover them",
    )
    command.add_argument("--dry-run", action="store_true", help="check all rows and show the price; order nothing")
    command.add_argument("--retry-failed", action="store_true", help="only rows that failed, and those again")
    command.add_argument(
        "--failed-ok", action="store_true", help="end with 0 although rows failed; the report tells of them"
    )
    command.add_argument(
        "--batch-id", metavar="TEXT", default="", help="order everything again, and pay for it, under another identity"
    )
    command.add_argument("--glb-only", action="store_true", help="write models as they come, as .glb; needs no Blender")
    command.add_argument(
        "--merge",
        action="store_true",
        help="send nothing: write report, catalogs and contact sheets of what is in the library",
    )
    command.add_argument(
        "--apart",
        action="store_true",
        help="with --rows: write into a library of its own in the library's folder .triverse, for machines that share "
        "no disk; --merge takes over what is there",
    )
    command.add_argument(
        "--record",
        action="store_true",
        help="with --dry-run: keep in the library what was found, for parts with --checked; with --failed-ok it ends "
        "with 0 whatever was found",
    )
    command.add_argument(
        "--checked",
        action="store_true",
        help="order without asking, if --record found nothing wrong, and for no more than these rows cost then",
    )
    command.add_argument("--report", metavar="FILE", help="where the report goes, instead of into the library")
    command.add_argument(
        "--patience",
        metavar="S",
        type=seconds,
        default=defaults.patience_s,
        help="end when the service has not been reached for S seconds; what was ordered goes on "
        f"(default: {round(defaults.patience_s)})",
    )


def _epilog() -> str:
    lines = ["Columns of FILE:"]
    lines += [f"  {name:<14}{text}" for name, text in OWN_COLUMNS.items()]
    lines += [f"  {column.name:<14}{column.description}" for column in COLUMNS.values()]
    fields = {field.name.removesuffix("_file") for flow in FLOWS.values() if flow.yields_model for field in flow.fields}
    lines += ["and the settings of the flows:", "  " + ", ".join(sorted(fields))]
    return "\n".join(lines)


def defaults_from(args: argparse.Namespace) -> dict[str, str]:
    """
    Return the default values given with ``--set``, by column.

    :raises UsageError: one of them is not of the form ``COLUMN=VALUE``.
    """
    found: dict[str, str] = {}
    for text in args.set:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            raise UsageError(Sentence.of("Write --set as COLUMN=VALUE, such as --set polygon_limit=20000."))
        found[name.strip()] = value
    return found


def request_from(args: argparse.Namespace) -> BatchRequest:
    """
    Return the batch request that the options describe.

    :raises UsageError: the file, ``--library`` or ``--rows`` is empty, options do not go together, or see
        :func:`defaults_from`.
    """
    # An empty variable of a farm's script must not order the whole file, nor stand for the folder it is started in.
    if not args.file.strip():
        raise UsageError(Sentence.of("Name the batch file: an empty name was given."))
    if args.library is not None and not args.library.strip():
        raise UsageError(Sentence.of("Name a folder with --library, or leave it out: an empty name was given."))
    if args.rows is not None and not args.rows.strip():
        raise UsageError(Sentence.of("Write --rows as A:B, such as --rows 1:50."))
    if args.merge and args.rows is not None:
        # The report of all rows would replace that of a part.
        raise UsageError(Sentence.of("Write --merge without --rows: it tells of all rows of the file."))
    if args.merge and (args.retry_failed or args.dry_run):
        raise UsageError(
            Sentence.of(
                "Write --merge without --retry-failed and --dry-run: it orders nothing, and writes what is there."
            )
        )
    if args.apart and args.rows is None:
        raise UsageError(Sentence.of("Write --apart with --rows, such as --rows 1:50."))
    if args.record and (not args.dry_run or args.rows is not None):
        raise UsageError(Sentence.of("Write --record with --dry-run, and without --rows."))
    if args.checked and (args.dry_run or args.max_credits is not None):
        raise UsageError(Sentence.of("--checked takes its limit from the check. Leave out --dry-run or --max-credits."))
    file = Path(args.file).expanduser().absolute()
    return BatchRequest(
        file=file,
        library=library_for(file) if args.library is None else Path(args.library).expanduser().absolute(),
        with_blender=not args.glb_only,
        defaults=defaults_from(args),
        rows=args.rows or "",
        batch_id=args.batch_id,
        allowed=frozenset({ANY_FILE} if args.allow_outside_files else ()),
    )


def limits_from(args: argparse.Namespace) -> Limits:
    """Return the limits of the run: concurrent tasks and writers, credits, and timeouts."""
    return Limits(
        jobs=args.jobs,
        writers=args.writers,
        max_credits=args.max_credits,
        patience_s=args.patience,
        timeout_s=args.timeout,
    )
