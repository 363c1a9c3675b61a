# SPDX-License-Identifier: GPL-3.0-or-later
"""
Opens what commands need: checked settings, engine, client, store.

Floor: third. Thread: main. No ``bpy``.
"""

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..api.errors import KeyElsewhereError, OfflineError
from ..api.sentence import Sentence
from ..scripting import readiness
from ..tasks.converter import Converter
from ..tasks.engine.context import make_client
from ..tasks.engine.engine import Engine
from ..tasks.preparer import Preparer
from ..tasks.settings import Settings
from ..tasks.store.errors import unusable
from ..tasks.store.store import FILE_NAME, Store
from .host import Host
from .output import Output

if TYPE_CHECKING:
    from ..api.client import Client

#: Seconds that the engine's threads get to stop; interrupted work is resumed next time.
_STOP_S = 3.0


class _OfflineHereError(OfflineError):
    """`OfflineError` with a message for the command line."""

    def __init__(self, offline_by: str, *, by_option: bool) -> None:
        super().__init__("command_line" if offline_by == "command_line" else "preference")
        if by_option:
            self.sentence = Sentence.of("--offline was given, so nothing is sent. Leave it out to go online.")
        else:
            self.sentence = Sentence.of(
                "Online access is off in this Blender. Start it with --online-mode, or turn on Allow Online Access in "
                "Preferences > System > Network."
            )


def ready_to_send(args: argparse.Namespace, host: Host) -> Settings:
    """
    Return the settings, after checking that requests can be sent.

    :raises TriverseError: see :func:`check_ready`.
    """
    settings = host.settings(args.data, offline=args.offline)
    check_ready(settings, by_option=args.offline)
    return settings


def check_ready(settings: Settings, *, by_option: bool = False) -> None:
    """
    Check that requests can be sent with these settings; see :func:`scripting.readiness.check_ready`.

    :param by_option: whether ``--offline`` was given.
    :raises TriverseError: they cannot, with a message for the command line.
    """
    try:
        readiness.check_ready(settings)
    except OfflineError:
        raise _OfflineHereError(settings.offline_by, by_option=by_option) from None
    except KeyElsewhereError as error:
        error.sentence = Sentence.of(
            "The API key was entered for {entered_for}, so it is not sent to {service}. Allow that in the preferences "
            "of the add-on, or set both TRIVERSE_API_KEY and TRIVERSE_API_URL.",
            **error.sentence.args,
        )
        raise


@contextlib.contextmanager
def open_engine(
    settings: Settings, converter: Converter | None, output: Output, preparer: Preparer | None = None
) -> Iterator[Engine]:
    """Start an engine, and stop it when the context ends."""
    engine = Engine(settings, converter, preparer=preparer)
    try:
        engine.start()
        if (problem := problem_of(engine.store)) is not None:
            output.say(problem)
        yield engine
    finally:
        engine.shutdown(_STOP_S)


@contextlib.contextmanager
def open_client(settings: Settings) -> Iterator["Client"]:
    """Open a client, and close it when the context ends."""
    with make_client(settings) as client:
        yield client


def problem_of(store: Store) -> Sentence | None:
    """Return what is wrong with the list of tasks, and what command helps; None if nothing is."""
    if store.problem is None or not store.is_lost:
        return store.problem
    return Sentence.of(
        "The list of tasks was damaged. It was kept as {name}, and a new list was begun. The command resume asks "
        "Triverse for your tasks.",
        name=str(store.problem.args.get("name", "")),
    )


@contextlib.contextmanager
def open_store(settings: Settings) -> Iterator[Store | None]:
    """
    Open the store, and close it when the context ends. Yields None if there is no store; none is created.

    :raises StoreError: it cannot be opened.
    """
    file = settings.data_dir / FILE_NAME
    try:
        is_there = file.exists()
    except OSError as error:
        # The folder is another user's.
        raise unusable(file, error) from None
    if not is_there:
        yield None
        return
    store = Store(settings.data_dir)
    try:
        yield store
    finally:
        store.close()
