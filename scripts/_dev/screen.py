# SPDX-License-Identifier: GPL-3.0-or-later
"""
A virtual screen with eyes, a mouse and a keyboard: Xvfb, tesseract, xdotool.

No floor (development only). One thread per screen. Never imports ``bpy``. Linux only.

Xvfb keeps its screen in a file (``-fbdir``), which is read from outside: a picture takes 3 ms, and 140 by a program
that asks the server. What was read from a picture is known for as long as it looks the same.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from .sandbox import Sandbox, SandboxError

WIDTH, HEIGHT = 1600, 1000
TOOLS = ("Xvfb", "xdotool", "convert", "tesseract")
START_LIMIT_S = 60.0
_MOST_READ = 50
"""Pictures whose words are kept."""


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen in pixels; y runs down."""

    x: int
    y: int
    width: int
    height: int

    @property
    def center(self) -> tuple[int, int]:
        """Its middle."""
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True)
class Word:
    """A word as read from the screen, and the line it stands in."""

    text: str
    box: Box
    line: tuple[int, ...]


class Screen:
    """An Xvfb in a sandbox, on a display number that the server itself finds free."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        log = sandbox.scratch / "xvfb.log"
        with log.open("wb") as file:
            argv = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "+extension", "GLX"]
            # The pointer would be drawn into the file, too.
            argv += [
                "-nolisten",
                "tcp",
                "-nocursor",
                "-fbdir",
                "/tmp" if sandbox.root else str(sandbox.scratch / "tmp"),
            ]
            self._server = sandbox.popen(argv, {}, file)
        limit = time.monotonic() + START_LIMIT_S
        while not (numbers := [line for line in log.read_text().split("\n")[:-1] if line.isdigit()]):
            if self._server.poll() is not None or time.monotonic() > limit:
                raise SandboxError(f"The virtual screen did not start: {log.read_text().strip()}")
            time.sleep(0.05)
        self.display = f":{numbers[0]}"
        self._pixels = sandbox.scratch / "tmp" / "Xvfb_screen0"
        self._read: dict[bytes, list[Word]] = {}

    def tool(self, argv: Sequence[str | Path], stdin: bytes = b"") -> bytes:
        """Run a program on this screen and return its stdout.

        Raises:
            SandboxError: it failed.
        """
        answer = self._sandbox.run(argv, {"DISPLAY": self.display, "OMP_THREAD_LIMIT": "1"}, stdin=stdin)
        if answer.returncode:
            raise SandboxError(f"{argv[0]} failed: {answer.stderr.decode(errors='replace').strip()}")
        return answer.stdout

    def picture(self, part: Box | None = None) -> Image.Image:
        """What the screen shows now, or a part of it, in RGB."""
        content = self._pixels.read_bytes()
        # An XWD file: its header's size is the first of its numbers, the bytes of a line and the colours further on.
        header = struct.unpack(">25I", content[:100])
        start, width, height, line_bytes, colours = header[0], header[4], header[5], header[12], header[19]
        pixels = content[start + colours * 12 :]
        picture = Image.frombuffer("RGB", (width, height), pixels, "raw", "BGRX", line_bytes)
        if part is None:
            return picture
        return picture.crop((part.x, part.y, part.x + part.width, part.y + part.height))

    def shot(self) -> bytes:
        """The whole screen as a PNG."""
        file = io.BytesIO()
        self.picture().save(file, "PNG")
        return file.getvalue()

    def words(self, part: Box | None = None) -> list[Word]:
        """The words that can be read on the screen, or in a part of it."""
        part = part or Box(0, 0, WIDTH, HEIGHT)
        picture = self.picture(part)
        looks = hashlib.sha1(picture.tobytes() + repr(part).encode(), usedforsecurity=False).digest()
        if looks not in self._read:
            if len(self._read) >= _MOST_READ:
                del self._read[next(iter(self._read))]
            self._read[looks] = self._words(picture, part)
        return self._read[looks]

    def _words(self, picture: Image.Image, part: Box) -> list[Word]:
        scale = 4 if part.width * part.height < WIDTH * HEIGHT // 2 else 2
        # tesseract is trained on dark letters, some 30 px high, on white; Blender's theme is the other way round.
        grey = ImageOps.invert(picture.convert("L"))
        large = grey.resize((part.width * scale, part.height * scale), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        large.point([min(255, max(0, round((value - 38) * 255 / 153))) for value in range(256)]).save(file, "PPM")
        table = self.tool(["tesseract", "stdin", "stdout", "--psm", "11", "tsv"], file.getvalue()).decode()
        found = []
        for row in (line.split("\t") for line in table.splitlines()[1:]):
            if len(row) < 12 or row[0] != "5" or not row[11].strip():
                continue
            left, top, width, height = (int(number) // scale for number in row[6:10])
            box = Box(part.x + left, part.y + top, width, height)
            found.append(Word(row[11].strip(), box, tuple(int(number) for number in row[1:5])))
        return found

    def find(self, text: str, part: Box | None = None) -> list[Box]:
        """Where ``text`` (a word or some) stands, from top to bottom. A misread letter is forgiven in a long text."""
        return find_text(text, self.words(part))

    def move(self, x: int, y: int) -> None:
        """Move the mouse, in two steps: Blender looks at what is under it when it moves."""
        self.tool(
            ["xdotool", "mousemove", "--sync", str(max(x - 3, 0)), str(y), "sleep", "0.05", "mousemove", str(x), str(y)]
        )
        time.sleep(0.1)

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click at a place."""
        self.move(x, y)
        self.press(button, times=times)

    def press(self, button: int = 1, *, times: int = 1) -> None:
        """Press and release where the mouse is. In the same instant, a busy Blender would not see it."""
        # One program for both of a double click, which are to be within 0.35 s.
        press = ["mousedown", str(button), "sleep", "0.1", "mouseup", str(button), "sleep", "0.03"]
        self.tool(["xdotool", *press * times])

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, button: int = 1, steps: int = 8) -> None:
        """Press at one place and release at another, moving in steps as a hand does."""
        self.move(*start)
        chain = ["xdotool", "mousedown", str(button)]
        for step in range(1, steps + 1):
            x, y = (round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True))
            chain += ["sleep", "0.03", "mousemove", str(x), str(y)]
        self.tool([*chain, "sleep", "0.05", "mouseup", str(button)])

    def type(self, text: str) -> None:
        """Type on the keyboard, to the window under the mouse. (By stdin: a typed key is on no command line.)"""
        self.tool(["xdotool", "type", "--delay", "25", "--file", "-"], text.encode())

    def key(self, *names: str) -> None:
        """Press keys by their X names, such as ``Return``, ``ctrl+z``, ``Escape``."""
        for name in names:
            self.tool(["xdotool", "key", "--delay", "40", name])
            time.sleep(0.05)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def find_text(text: str, words: Sequence[Word]) -> list[Box]:
    """The boxes of ``text`` among ``words``: runs of words in one line whose letters and digits are the same."""
    wanted = _letters(text)
    count = len(text.split())
    exact, close = [], []
    for first in range(len(words)):
        # A word may be read as two or two as one: try runs of a similar number of words.
        for length in range(max(1, count - 1), count + 2):
            run = words[first : first + length]
            if len(run) < length or run[-1].line[:3] != run[0].line[:3]:
                continue
            read = "".join(_letters(word.text) for word in run)
            if read == wanted:
                exact.append(_around(run))
            elif len(wanted) >= 5 and difflib.SequenceMatcher(None, read, wanted).ratio() >= 0.88:
                close.append(_around(run))
    return sorted(exact or close[:1], key=lambda box: (box.y, box.x))


def _around(words: Sequence[Word]) -> Box:
    left, top = min(word.box.x for word in words), min(word.box.y for word in words)
    right = max(word.box.x + word.box.width for word in words)
    bottom = max(word.box.y + word.box.height for word in words)
    return Box(left, top, right - left, bottom - top)


def missing_tools(sandbox: Sandbox) -> list[str]:
    """The programs that a screen needs and that the sandbox lacks."""
    return [tool for tool in TOOLS if sandbox.run(["sh", "-c", f"command -v {tool}"]).returncode != 0]


def png_size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    return int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
