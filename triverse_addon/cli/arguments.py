# SPDX-License-Identifier: GPL-3.0-or-later
"""
The command line parser. It is generated from the table of flows, so that every field of every flow is an option.

Floor: third. Thread: any. No ``bpy``.

Values are validated by ``api.flows``, not here, so that the panel, the command line and a batch report the same error
messages.
"""

import argparse
import contextlib
import os
import shlex
import subprocess
from collections.abc import Sequence
from typing import NoReturn

from ..api.flows import FLOWS, Field, Kind
from ..api.sentence import Sentence
from ..api.urls import clean
from ..tasks.record.variants import MOST
from . import batch_arguments
from .argument_types import seconds, whole
from .errors import UsageError

_METAVARS = {
    Kind.TEXT: "TEXT",
    Kind.INT: "N",
    Kind.CHOICE: "WORD",
    Kind.IMAGE: "PATH",
    Kind.MODEL: "PATH",
    Kind.LIST: "A,B",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of printing the usage and exiting, so that the caller prints one sentence."""
        text = clean(message, 300)
        raise UsageError(
            Sentence.of("{what}. See {prog} --help.", what=(text[:1].upper() + text[1:]).rstrip("."), prog=self.prog)
        )


def option_name(field: Field) -> str:
    """Return the option name of a field: ``image_file`` is ``--image``, ``polygon_limit`` is ``--polygon-limit``."""
    return "--" + field.name.removesuffix("_file").replace("_", "-")


def spelled(prog: str, command: str, data: str | None) -> str:
    """Return a command as the user can enter it next, for the same list of tasks: with ``--data`` if that was given."""
    if data is None:
        return f"{prog} {command}"
    return f"{prog} {command} --data {subprocess.list2cmdline([data]) if os.name == 'nt' else shlex.quote(data)}"


def data_in(argv: Sequence[str]) -> str | None:
    """Return the value of ``--data`` on a command line, also on one that cannot be parsed otherwise."""
    only_data = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    only_data.add_argument("--data")
    found = argparse.Namespace(data=None)
    with contextlib.suppress(argparse.ArgumentError):
        only_data.parse_known_args(list(argv), found)
    data: str | None = found.data
    return data


def parse(argv: Sequence[str], prog: str) -> argparse.Namespace:
    """
    Parse a command line.

    :param argv: the arguments.
    :param prog: how the command was called, for the help text.
    :returns: ``command`` and its options; fields of flows under their own names, None if not given.
    :raises UsageError: the arguments are invalid.
    :raises SystemExit: ``--help`` was printed.
    """
    return parser(prog).parse_args(list(argv))


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser with all commands. ``prog`` is how the command was called, for the help text."""
    top = _Parser(
        prog=prog,
        description="Textured 3D models from words and pictures, by Triverse.",
        epilog="Exit codes: 0 done, 1 a task failed, 2 bad input, 3 key or credits, 4 network or service, "
        "5 timed out (the task goes on), 130 interrupted, 143 terminated.",
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    generate = _command(commands, "generate", "make a model, wait for it and save it")
    _add_flow(generate)
    generate.add_argument("--name", metavar="TEXT", help="name of the model; by default the prompt or the file's name")
    generate.add_argument(
        "--allow-duplicate", action="store_true", help="order an equal model again on purpose, and pay for it again"
    )
    _add_count(generate, "variants of the same wish to make; their price is shown before, and each is paid once")
    _add_mesh(generate)
    _add_waiting(generate)
    _add_output(generate)

    track = _command(commands, "track", "wait for tasks that were made elsewhere, and save their models")
    track.add_argument("uuids", metavar="UUID", nargs="+", help="the service's UUID of a task")
    _add_mesh(track)
    _add_waiting(track)
    _add_output(track)

    resume = _command(commands, "resume", "go on with all unfinished tasks of this machine")
    _add_waiting(resume)
    _add_overwrite(resume, "replace files that are there although no command wrote them as they are now")

    listing = _command(commands, "list", "list the tasks of this machine, newest first")
    listing.add_argument("--count", metavar="N", type=whole(1), default=20, help="how many at most (default: 20)")
    listing.add_argument("--search", metavar="TEXT", default="", help="only those with this in name, flow or UUID")
    listing.add_argument("--unfinished", action="store_true", help="only those that are still under way")

    batch = _command(commands, "batch", "make all models of a file, and put them into an asset library")
    batch_arguments.add_options(batch)
    _add_waiting(batch)

    _command(commands, "balance", "show the credits of the account")

    quote = _command(commands, "quote", "show what a task would cost, without making it")
    _add_flow(quote)
    _add_count(quote, "how many variants of the same wish")

    _command(commands, "report", "print what a bug tracker needs to know: no key, no prompt, no name, no path")
    return top


def _command(commands: "argparse._SubParsersAction[_Parser]", name: str, summary: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False
    )
    command.add_argument("--json", action="store_true", help="print one JSON object a line on stdout")
    command.add_argument("--data", metavar="DIR", help="where tasks and models are kept, instead of the usual folder")
    command.add_argument("--offline", action="store_true", help="send nothing to the internet")
    return command


def _add_count(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument(
        "--count", metavar="N", type=whole(1, MOST), default=1, help=f"{text}: 1 to {MOST} (default: 1)"
    )


def _add_waiting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", metavar="S", type=seconds, help="stop waiting after S seconds; the task goes on at the service"
    )


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", metavar="FILE", help="save the model here, as .blend or .glb")
    _add_overwrite(command, "replace the file of --output although it was not made by this command")


def _add_overwrite(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--overwrite", action="store_true", help=text)


def _add_mesh(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--merge-vertices",
        action="store_true",
        help="make one vertex of those in one place; seams, normals and UVs stay. Not in a .glb",
    )
    command.add_argument(
        "--smooth-angle",
        metavar="DEGREES",
        type=whole(1, 180),
        help="shade what comes without normals smooth, except along edges sharper than this. Not in a .glb",
    )


def _add_flow(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--flow",
        metavar="FLOW",
        choices=tuple(FLOWS),
        help="one of: " + ", ".join(FLOWS) + ". Without it: image-to-model with --image, else text-to-model",
    )
    for name, (field, flows) in _fields().items():
        text = f"{field.description}. {_limits(field)}For {', '.join(flows)}".replace("%", "%%")
        if field.kind is Kind.BOOL:
            command.add_argument(
                option_name(field), dest=name, action=argparse.BooleanOptionalAction, default=None, help=text
            )
        else:
            command.add_argument(option_name(field), dest=name, metavar=_METAVARS[field.kind], help=text)


def _fields() -> dict[str, tuple[Field, list[str]]]:
    """Return the fields of all flows by name, each with the names of the flows that have it."""
    found: dict[str, tuple[Field, list[str]]] = {}
    for flow in FLOWS.values():
        for field in flow.fields:
            found.setdefault(field.name, (field, []))[1].append(flow.name)
    return found


def _limits(field: Field) -> str:
    said = []
    if field.choices:
        said.append(("one of " if field.kind is Kind.CHOICE else "such as ") + ", ".join(field.choices))
    if field.minimum is not None and field.maximum is not None:
        said.append(f"{field.minimum:,} to {field.maximum:,}")
    if field.default is not None and field.kind is not Kind.BOOL:
        said.append(f"the service takes {field.default} by default")
    return f"{'; '.join(said)}. ".capitalize() if said else ""


def flow_name(args: argparse.Namespace) -> str:
    """Return the name of the chosen flow."""
    return args.flow or ("image-to-model" if args.image_file is not None else "text-to-model")


def values(args: argparse.Namespace) -> dict[str, object]:
    """Return the given fields, without sources. ``api.flows`` checks whether the flow has them."""
    return {
        name: given
        for name, (field, _flows) in _fields().items()
        if not field.is_source and (given := getattr(args, name)) is not None
    }


def sources(args: argparse.Namespace) -> dict[str, str]:
    """Return the given images and models by field name, as typed."""
    return {
        name: given
        for name, (field, _flows) in _fields().items()
        if field.is_source and (given := getattr(args, name)) is not None
    }
