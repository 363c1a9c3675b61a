# SPDX-License-Identifier: GPL-3.0-or-later
"""
From a command line to an exit code: the one way in.

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

#: Of all modules of the add-on, whatever it is installed as.
_ADDON = __package__.rpartition(".")[0]


def run(argv: Sequence[str], host: Host) -> int:
    """
    Run one command.

    :param argv: what follows the program's name.
    :param host: the program it runs in.
    :returns: the exit code, see :class:`exit_codes.Exit`. Nothing is raised for what a user or the service may do.
    """
    with _ctrl_c_interrupts(), shown_logs(_ADDON), own_stdout() as stdout:
        # Before the line is understood it is not known whether a program listens; the word alone tells.
        output = Output(programs=stdout if "--json" in argv else None, people=sys.stderr)
        try:
            return int(_run(argv, host, output))
        except TriverseError as error:
            code = for_error(error)
            output.error(error, code)
            return int(code)
        except UNFORESEEN as slip:
            # The last net: a traceback says nothing to a person, and leaves a program without its line.
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
    # Late: brings requests, websockets and sqlite3, which neither a usage error nor --help needs.
    from .commands import COMMANDS

    return COMMANDS[args.command](args, host, output)


@contextlib.contextmanager
def _ctrl_c_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt: Blender in background takes the signal for itself and only notes it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
