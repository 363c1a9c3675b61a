# SPDX-License-Identifier: GPL-3.0-or-later
"""
Entry point: runs a command line and returns an exit code.

Floor: third. Thread: main. No ``bpy``.
"""

import contextlib
import io
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NoReturn

from ..api import broken_pipes
from ..api.errors import TriverseError, UnforeseenError
from ..api.unexpected_errors import UNFORESEEN
from . import arguments
from .errors import Declined, Terminated
from .exit_codes import Exit, for_error, for_interrupt
from .host import Host
from .output import Output, is_led_elsewhere, own_stdout, people_stream, shown_logs

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
    with _signals_interrupt(), shown_logs(_ADDON), own_stdout() as stdout, people_stream() as people:
        # Before the arguments are parsed, the option is searched for, so that parse errors are reported as JSON too.
        programs = stdout if "--json" in argv else None
        led_to = stdout if programs is None and is_led_elsewhere(stdout, people) else None
        output = Output(programs=programs, people=people, led_to=led_to)
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
        except Declined as answer:
            output.emit("error", exit_code=int(Exit.INTERRUPTED), message=str(answer))
            return int(Exit.INTERRUPTED)
        except KeyboardInterrupt as signalled:
            code = for_interrupt(signalled)
            word = "Terminated" if code is Exit.TERMINATED else "Interrupted"
            # A batch goes on by its own command, as it has said: resume writes nothing into a library.
            resume = arguments.spelled(host.prog, "resume", arguments.data_in(argv))
            how = "." if "batch" in argv[:1] else f"; see: {resume}"
            output.say(f"{word}. Tasks that were sent go on{how}")
            output.emit("error", exit_code=int(code), message=f"{word}.")
            return int(code)
        finally:
            output.clear()


def _run(argv: Sequence[str], host: Host, output: Output) -> Exit:
    manual = io.StringIO()
    try:
        with contextlib.redirect_stdout(manual):
            args = arguments.parse(argv, host.prog)
    except SystemExit:
        # argparse has printed the help.
        output.manual(manual.getvalue())
        return Exit.DONE
    # Imported late: brings requests, websockets and sqlite3, which a usage error or --help does not need.
    from .commands import COMMANDS

    resume = arguments.spelled(host.prog, "resume", getattr(args, "data", None))
    if args.command in ("track", "resume") or getattr(args, "allow_duplicate", False):
        output.again = f"run {resume}"
    elif args.command == "list":
        output.again = f"run {resume} or, for a task of the panel, press Retry there"
    return COMMANDS[args.command](args, host, output)


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """
    Make Ctrl-C raise KeyboardInterrupt, and SIGTERM :class:`Terminated`, while the context lasts.

    In background mode, Blender's own handler of Ctrl-C only sets a flag. Render farms stop a job with SIGTERM.
    """
    # Also when a reader of the output has ended.
    broken_pipes.become_errors()
    handlers: dict[signal.Signals, Callable[[int, FrameType | None], NoReturn]] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: _terminate,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the clean-up
    raise Terminated
