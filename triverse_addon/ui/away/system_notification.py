# SPDX-License-Identifier: GPL-3.0-or-later
"""
Shows a notification of the operating system, with the program that the system has for it.

Floor: third. Thread: a worker. Imports no ``bpy``.

Linux and the like: ``notify-send``, else ``gdbus``, which comes with GLib and talks to the same service. macOS:
``osascript``. Windows: a toast by PowerShell. Title and text are passed as arguments or in the environment, never as a
part of a script, and no shell is used: a task can be called anything.
"""

import html
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_log = logging.getLogger(__name__)

#: Longest that a program may take to show a notification, in seconds.
_LIMIT_S = 8.0
#: Most characters of a text. Systems show a few lines.
_LONGEST = 240
#: Windows shows no console window for the program.
_NO_WINDOW = 0x08000000

_APPLE = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_TITLE, _TEXT = "TRIVERSE_NOTE_TITLE", "TRIVERSE_NOTE_TEXT"
#: The texts become text nodes of the toast's XML, so nothing in them is read as markup or as PowerShell.
_TOAST = f"""
$ErrorActionPreference = 'Stop'
[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $xml.GetElementsByTagName('text')
[void]$texts.Item(0).AppendChild($xml.CreateTextNode($env:{_TITLE}))
[void]$texts.Item(1).AppendChild($xml.CreateTextNode($env:{_TEXT}))
$toast = [Windows.UI.Notifications.ToastNotification]::new($xml)
$app = '{{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($app).Show($toast)
"""


@dataclass(frozen=True, slots=True)
class Command:
    """
    A program that shows a notification.

    :ivar argv: the program, by its absolute path, and its arguments.
    :ivar env: variables to add to its environment.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def command(title: str, text: str, *, system: str = sys.platform) -> Command | None:
    """
    Return the program that shows a notification on this system, or None if there is none.

    :param system: ``sys.platform``.
    """
    title, text = _plain(title), _plain(text)
    if system == "win32":
        # Not looked for on PATH: Windows also looks into the current folder, where anything may lie.
        root = os.environ.get("SYSTEMROOT") or "C:\\Windows"
        program = f"{root}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
        argv = (program, "-NoProfile", "-NonInteractive", "-Command", _TOAST)
        return Command(argv, {_TITLE: title, _TEXT: text}) if Path(program).exists() else None
    if system == "darwin":
        apple = _found("osascript")
        script = tuple(word for line in _APPLE for word in ("-e", line))
        return Command((apple, *script, title, text)) if apple else None
    # The text may hold markup by the specification, the title may not.
    if send := _found("notify-send"):
        return Command((send, "--app-name=Blender", "--icon=blender", "--", title, html.escape(text, quote=False)))
    if bus := _found("gdbus"):
        values: tuple[str, ...]
        path = ("--dest", "org.freedesktop.Notifications", "--object-path", "/org/freedesktop/Notifications")
        values = (_variant("Blender"), "0", _variant("blender"), _variant(title))
        values += (_variant(html.escape(text, quote=False)), "[]", "{}", "-1")
        method = ("--method", "org.freedesktop.Notifications.Notify", *values)
        return Command((bus, "call", "--session", *path, *method))
    return None


def show(title: str, text: str) -> bool:
    """Show a notification, and return whether the program for it has ended well. Waits for it some seconds at most."""
    found = command(title, text)
    if found is None:
        _log.info("This system has no program for notifications")
        return False
    # The key is no business of another program.
    env = {name: value for name, value in os.environ.items() if name != "TRIVERSE_API_KEY"} | dict(found.env)
    try:
        ended = subprocess.run(
            found.argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S,
            check=False,
            creationflags=_NO_WINDOW if sys.platform == "win32" else 0,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _log.info("A notification was not shown: %s", error)
        return False
    return ended.returncode == 0


def _found(program: str) -> str:
    """Return the absolute path of a program on PATH, or ""."""
    found = shutil.which(program)
    return os.path.abspath(found) if found else ""


def _plain(text: str) -> str:
    """Return a text without what no program takes as an argument."""
    text = text.encode(errors="replace").decode().replace("\0", "")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _variant(text: str) -> str:
    """Return a string in the text format of GVariant, in which ``gdbus`` reads its arguments."""
    escaped = "".join(f"\\U{ord(char):08x}" if char in "'\"\\" or not char.isprintable() else char for char in text)
    return f"'{escaped}'"
