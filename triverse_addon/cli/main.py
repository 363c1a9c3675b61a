# SPDX-License-Identifier: GPL-3.0-or-later
"""
Entry point: runs a command line and returns an exit code.

Floor: third. Thread: main. No ``bpy``.
"""

import contextlib
import logging
import signal
import sys
from collections.abc import Iterator, Sequence

from ..api.errors import TriverseError, UnforeseenError
from ..api.sentence import Sentence
from ..api.unexpected_errors import UNFORESEEN
from . import arguments
from .exit_codes import Exit, for_error
from .host import Host
from .output import Output, own_stdout, shown_logs

log = logging.getLogger(__name__)

#: Package name of the add-on, under whatever name it is installed.
_ADDON = __package__.rpartition(".")[0]


def run(argv: Sequence[str], host: Host) -> int:
    """
    Run one command.

    :param argv: the arguments after the program's name.
    :param host: the program that runs the command.
    :returns: the exit code, see :class:`exit_codes.Exit`. Errors of the user or the service raise no exceptions.
    """
    with _ctrl_c_interrupts(), shown_logs(_ADDON), own_stdout() as stdout:
        # Before the arguments are parsed, the option is searched for, so that parse errors are reported as JSON too.
        output = Output(programs=stdout if "--json" in argv else None, people=sys.stderr)
        try:
            return int(_run(argv, host, output))
        except TriverseError as error:
            code = for_error(error)
            output.error(error, code)
            return int(code)
        except UNFORESEEN as slip:
            # Outermost handler: a traceback does not help users, and a program waits for its JSON line.
            log.debug("a command failed", exc_info=True)
            unforeseen = UnforeseenError(slip)
            output.error(unforeseen, Exit.FAILED)
            return int(Exit.FAILED)
        except KeyboardInterrupt:
            output.say(Sentence.of("Interrupted. Tasks that were sent go on; see: {prog} resume", prog=host.prog))
            output.emit("error", exit_code=int(Exit.INTERRUPTED), message="Interrupted.")
            return int(Exit.INTERRUPTED)
        finally:
            output.clear()


def _run(argv: Sequence[str], host: Host, output: Output) -> Exit:
    try:
        args = arguments.parse(argv, host.prog)
    except SystemExit:
        # argparse has printed the help.
        return Exit.DONE
    # Imported late: brings requests, websockets and sqlite3, which a usage error or --help does not need.
    from .commands import COMMANDS

    return COMMANDS[args.command](args, host, output)


@contextlib.contextmanager
def _ctrl_c_interrupts() -> Iterator[None]:
    """
    Make Ctrl-C raise KeyboardInterrupt while the context lasts.

    In background mode, Blender's own handler of the signal only sets a flag.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
