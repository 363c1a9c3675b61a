# SPDX-License-Identifier: GPL-3.0-or-later
"""
A virtual screen with eyes, a mouse and a keyboard: Xvfb, Tesseract, xdotool.

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
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageOps

from . import reader
from .pictures import Box, crop, is_half, largest_change
from .readings import Readings
from .sandbox import Sandbox, SandboxError

WIDE_PX = 1600
"""For pictures, and for what needs space beside the sidebar."""
NARROW_PX = 640
"""For what happens in the sidebar: a redraw, which Mesa does on the CPU, takes as long as there are pixels.

Blender makes no window narrower. The sidebar is to be less than half of the screen, as more is read as a screen: 350 by
809 of 640 by 932 pixels are.
"""
BESIDE_PX = 780
"""With an empty text at the left and the right of the sidebar, for menus and popovers that are wider than it."""
RIGHT_PX = 100
"""Of that, the one at the right."""
ROOMY_PX = 940
"""With the 3D viewport alone as well, where something is looked for in it, or the sidebar is wide."""
MIDDLE_PX = 1120
"""With Blender's other editors beside it, as far as they are needed."""
HEIGHT_PX = 1000
NARROW_HEIGHT_PX = 932
"""Without the space of the timeline, which a narrow window does not show."""
TOOLS = ("Xvfb", "xdotool", "convert")
START_LIMIT_S = 60.0
_MOST_READ = 50
"""Pictures whose words are kept."""
_MOST_STRIPS = 5000
"""Strips whose words are at hand, for all screens of this process: most of a panel is the same in every test."""
_GAP_PX = 3
"""So many lines of pixels are alike, at least, between two rows of text."""
_EDGE_PX = 2
"""So much of the gap above and below belongs to a strip."""
_LEAST_ROW_PX = 8 + 2 * _EDGE_PX
"""The height of a strip that can hold letters."""
_SAME_PX = 4
"""So near to each other, two readings are of one text."""
_LETTER_PX = 15
"""Letters fill less than half of a square of this size, so what is in its middle by brightness is their ground."""
_GROUND_GREY = 40
"""About the grey on which Blender's texts stand."""


@dataclass(frozen=True)
class Word:
    """A word as read from the screen, and the line it stands in."""

    text: str
    box: Box
    line: tuple[int, ...]

    def moved(self, x: int, y: int) -> Word:
        """The same word, so much further right and down."""
        box = Box(self.box.x + x, self.box.y + y, self.box.width, self.box.height)
        return Word(self.text, box, self.line)


@dataclass(frozen=True)
class Strip:
    """A row of a picture, from gap to gap, in grey."""

    box: Box
    picture: Image.Image
    looks: bytes


_words_of_strips: dict[bytes, list[Word]] = {}
"""By the looks of a strip."""
_words_of_single_strips: dict[bytes, list[Word]] = {}
"""The same, where each strip was read by itself."""
_readings = Readings()
"""What is in the first, on disk; and what the reader said of whole pictures."""


class Screen:
    """An Xvfb in a sandbox, on a display number that the server itself finds free."""

    def __init__(self, sandbox: Sandbox, width_px: int) -> None:
        self.whole = Box(0, 0, width_px, NARROW_HEIGHT_PX if width_px < MIDDLE_PX else HEIGHT_PX)
        self._sandbox = sandbox
        log = sandbox.scratch / "xvfb.log"
        with log.open("wb") as file:
            size = f"{width_px}x{self.whole.height}x24"
            folder = "/tmp" if sandbox.root else str(sandbox.scratch / "tmp")
            # The pointer would be drawn into the file, too.
            argv = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-nocursor", "-fbdir", folder]
            argv += ["+extension", "GLX", "-nolisten", "tcp"]
            self._server = sandbox.popen(argv, {}, file)
        limit = time.monotonic() + START_LIMIT_S
        while not (numbers := [line for line in log.read_text().split("\n")[:-1] if line.isdigit()]):
            if self._server.poll() is not None or time.monotonic() > limit:
                raise SandboxError(f"The virtual screen did not start: {log.read_text().strip()}")
            time.sleep(0.05)
        self.display = f":{numbers[0]}"
        self._pixels = sandbox.scratch / "tmp" / "Xvfb_screen0"
        self._read: dict[bytes, list[Word]] = {}
        self._before: deque[Image.Image] = deque(maxlen=3)
        """What was on the screen before each of the last presses of mouse or keyboard."""

    def tool(self, argv: Sequence[str | Path], stdin: bytes = b"") -> bytes:
        """Run a program on this screen and return its stdout.

        Raises:
            SandboxError: it failed.
        """
        answer = self._sandbox.run(argv, {"DISPLAY": self.display}, stdin=stdin)
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
        return picture if part is None else crop(picture, part)

    def shot(self) -> bytes:
        """The whole screen as a PNG."""
        file = io.BytesIO()
        self.picture().save(file, "PNG")
        return file.getvalue()

    def words(self, part: Box | None = None) -> list[Word]:
        """The words that can be read on the screen, or in a part of it."""
        part = part or self.whole
        picture = self.picture(part)
        looks = _looks(picture, part)
        if looks not in self._read:
            if len(self._read) >= _MOST_READ:
                del self._read[next(iter(self._read))]
            found = self._words(picture, 2 if self._is_large(part) else 4)
            if not self._is_large(part):
                _keep([(strip, strip.box) for strip in strips_of(picture.convert("L"))], found)
            self._read[looks] = [word.moved(part.x, part.y) for word in found]
        return self._read[looks]

    def _words(self, picture: Image.Image, scale: int) -> list[Word]:
        """What the reader says of a picture, which is the same each time: it is asked once, and never again."""
        # Tesseract is trained on dark letters, some 30 px high, on white; Blender's theme is the other way round.
        grey = ImageOps.invert(picture.convert("L"))
        asked = hashlib.sha1(grey.tobytes() + repr((grey.size, scale)).encode(), usedforsecurity=False).digest()
        if asked in (known := _readings.known([asked])):
            return [_word(*row) for row in known[asked]]
        large = grey.resize((grey.width * scale, grey.height * scale), Image.Resampling.LANCZOS)
        bright = large.point([min(255, max(0, round((value - 38) * 255 / 153))) for value in range(256)])
        found = []
        for row in (line.split("\t") for line in self._table(bright).splitlines()):
            if len(row) < 12 or row[0] != "5" or not row[11].strip():
                continue
            box = Box(*(int(number) // scale for number in row[6:10]))
            found.append(Word(row[11].strip(), box, tuple(int(number) for number in row[1:5])))
        _readings.keep({asked: [_row(word) for word in found]})
        return found

    def _table(self, picture: Image.Image) -> str:
        return reader.table_of(picture, reader.data_folder(self._sandbox.root))

    def find(self, text: str, part: Box | None = None) -> list[Box]:
        """Where ``text`` (a word or some) stands, from top to bottom. A misread letter is forgiven in a long text.

        Of a part of the screen, only those strips are read that were never seen before; of all of it, what a click or a
        key has opened. What is not found so is looked for in the whole part, and the next time row by row.
        """
        part = part or self.whole
        picture = self.picture()
        is_known = _looks(crop(picture, part), part) in self._read
        for place in () if is_known else self._places(picture, part):
            words = self._words_by_strips(crop(picture, place))
            if boxes := find_text(text, [word.moved(place.x, place.y) for word in words]):
                return boxes
        if boxes := find_text(text, self.words(part)):
            return boxes
        # What is misread among other rows may be read by itself: in what was opened, or what was read in vain before.
        for place in self._places(picture, part) if is_known or self._is_large(part) else ():
            words = self._words_one_by_one(crop(picture, place))
            if boxes := find_text(text, [word.moved(place.x, place.y) for word in words]):
                return boxes
        return []

    def opened(self) -> Box | None:
        """What the last press of mouse or keyboard has opened: the largest connected part that has changed since."""
        return next(self._places(self.picture(), self.whole), None)

    def _places(self, picture: Image.Image, part: Box) -> Iterator[Box]:
        """A small part itself; of a large one, what each of the last presses has changed, the last one first."""
        if not self._is_large(part):
            yield part
            return
        for before in reversed(self._before):
            if (place := largest_change(before, picture)) is not None:
                yield place

    def _is_large(self, part: Box) -> bool:
        return is_half(part, self.whole.width * self.whole.height)

    def _words_by_strips(self, picture: Image.Image) -> list[Word]:
        strips = strips_of(picture.convert("L"))
        read = {strip.looks: _words_of_strips[strip.looks] for strip in strips if strip.looks in _words_of_strips}
        unseen = {strip.looks: strip for strip in strips if strip.looks not in read}
        known = _readings.known(list(unseen))
        known_words = {looks: [_word(*row) for row in reading] for looks, reading in known.items()}
        _have_at_hand(known_words)
        read |= known_words
        new = [strip for looks, strip in unseen.items() if looks not in known]
        if new:
            # One below the other, so that the reader is asked once.
            width, height = max(one.box.width for one in new), sum(one.box.height for one in new)
            sheet, top, places = Image.new("L", (width, height), _GROUND_GREY), 0, []
            for strip in new:
                sheet.paste(strip.picture, (0, top))
                places.append(Box(0, top, strip.box.width, strip.box.height))
                top += strip.box.height
            read |= _keep(list(zip(new, places, strict=True)), self._words(sheet, 4))
        return [
            Word(word.text, word.box, (number, *word.line)).moved(strip.box.x, strip.box.y)
            for number, strip in enumerate(strips)
            for word in read[strip.looks]
        ]

    def _words_one_by_one(self, picture: Image.Image) -> list[Word]:
        words = []
        for number, strip in enumerate(strips_of(picture.convert("L"))):
            if strip.looks not in _words_of_single_strips:
                _words_of_single_strips[strip.looks] = [
                    Word(word.text, word.box, (kind, *word.line))
                    for kind, picture in enumerate((strip.picture, _letters_alone(strip.picture)))
                    for word in self._words(picture, 4)
                ]
            words += [
                Word(word.text, word.box, (number, *word.line)).moved(strip.box.x, strip.box.y)
                for word in _words_of_single_strips[strip.looks]
            ]
        return words

    def move(self, x: int, y: int) -> None:
        """Move the mouse, in two steps: Blender looks at what is under it when it moves."""
        steps = ["mousemove", "--sync", str(max(x - 3, 0)), str(y), "sleep", "0.03", "mousemove", str(x), str(y)]
        self.tool(["xdotool", *steps, "sleep", "0.03"])

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click at a place."""
        self.move(x, y)
        self.press(button, times=times)

    def press_down(self, button: int = 1) -> None:
        """Press where the mouse is, and hold it."""
        self._before.append(self.picture())
        self.tool(["xdotool", "mousedown", str(button)])

    def let_go(self, button: int = 1) -> None:
        """Release what is held."""
        self.tool(["xdotool", "mouseup", str(button)])

    def press(self, button: int = 1, *, times: int = 1) -> None:
        """Press and release where the mouse is. In the same instant, a busy Blender would not see it."""
        # One program for both of a double click, which are to be within 0.35 s.
        self._before.append(self.picture())
        press = ["mousedown", str(button), "sleep", "0.1", "mouseup", str(button), "sleep", "0.03"]
        self.tool(["xdotool", *press * times])

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, button: int = 1, steps: int = 8) -> None:
        """Press at one place and release at another, moving in steps as a hand does."""
        self.move(*start)
        chain = ["xdotool", "sleep", "0.1", "mousedown", str(button)]
        for step in range(1, steps + 1):
            x, y = (round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True))
            chain += ["sleep", "0.03", "mousemove", str(x), str(y)]
        self.tool([*chain, "sleep", "0.05", "mouseup", str(button)])

    def type(self, text: str) -> None:
        """Type on the keyboard, to the window under the mouse. (By stdin: a typed key is on no command line.)"""
        self.tool(["xdotool", "type", "--delay", "8", "--file", "-"], text.encode())

    def key(self, *names: str) -> None:
        """Press keys by their X names, such as ``Return``, ``ctrl+z``, ``Escape``."""
        self._before.append(self.picture())
        for name in names:
            self.tool(["xdotool", "key", "--delay", "40", name])
            time.sleep(0.05)


def _looks(picture: Image.Image, part: Box) -> bytes:
    return hashlib.sha1(picture.tobytes() + repr(part).encode(), usedforsecurity=False).digest()


def _letters_alone(picture: Image.Image) -> Image.Image:
    """What differs from the ground around it: white letters on a blue button are then as easy to read as on black."""
    ground = picture.filter(ImageFilter.MedianFilter(_LETTER_PX))
    return ImageChops.difference(picture, ground).point([min(255, grey * 2) for grey in range(256)])


def strips_of(picture: Image.Image) -> list[Strip]:
    """The rows of a grey picture that may hold letters, from top to bottom; of the tabs beside a panel, by themselves.

    It is cut where lines of pixels are alike, such as between two rows of a panel.
    """
    found = []
    across = _cut(picture.transpose(Image.Transpose.TRANSPOSE)) if picture.height > picture.width else [(0, 0)]
    for left, right in across if len(across) > 1 else [(0, picture.width)]:
        column = picture.crop((left, 0, right, picture.height))
        for top, low in _cut(column):
            strip = column.crop((0, top, right - left, low))
            if low - top >= _LEAST_ROW_PX:
                pixels = strip.tobytes()
                looks = hashlib.sha1(pixels + bytes(repr(strip.size), "ascii"), usedforsecurity=False).digest()
                found.append(Strip(Box(left, top, right - left, low - top), strip, looks))
    return found


def _cut(picture: Image.Image) -> list[tuple[int, int]]:
    """First and last line of each part of a picture that no gap divides, with two lines of the gaps beside it."""
    pixels, width = picture.tobytes(), picture.width
    lines = [pixels[at : at + width] for at in range(0, len(pixels), width)]
    parts, begins, alike = [], 0, 1
    for number in range(1, len(lines) + 1):
        if number < len(lines) and lines[number] == lines[number - 1]:
            alike += 1
            continue
        if alike >= _GAP_PX:
            if number - alike > begins:
                parts.append((begins, number - alike + _EDGE_PX))
            begins = number - _EDGE_PX
        alike = 1
    return [*parts, (begins, len(lines))] if len(lines) - begins > _EDGE_PX else parts


def _keep(places: Sequence[tuple[Strip, Box]], words: Sequence[Word]) -> dict[bytes, list[Word]]:
    """Remember which of the words of a picture stand in each strip, by the strip's place in it, and return them."""
    read = {
        strip.looks: [
            word.moved(-place.x, -place.y)
            for word in words
            if 0 <= word.box.center[0] - place.x < place.width and 0 <= word.box.center[1] - place.y < place.height
        ]
        for strip, place in places
    }
    _have_at_hand(read)
    _readings.keep({looks: [_row(word) for word in found] for looks, found in read.items()})
    return read


def _have_at_hand(read: Mapping[bytes, list[Word]]) -> None:
    """Keep words of strips in memory, and of the oldest no more than fit."""
    _words_of_strips.update(read)
    while len(_words_of_strips) > _MOST_STRIPS:
        del _words_of_strips[next(iter(_words_of_strips))]


def _row(word: Word) -> list[object]:
    box = word.box
    return [word.text, box.x, box.y, box.width, box.height, list(word.line)]


def _word(text: str, x: int, y: int, width: int, height: int, line: list[int]) -> Word:
    return Word(text, Box(x, y, width, height), tuple(line))


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def find_text(text: str, words: Sequence[Word]) -> list[Box]:
    """The boxes of ``text`` among ``words``: runs of words in one line whose letters and digits are the same.

    A sentence that says "generate" does not hold the button "Generate", even if that was misread.
    """
    wanted = _letters(text)
    count = len(text.split())
    letters = [_letters(word.text) for word in words]
    exact, close = [], []
    for first in range(len(words)):
        # A word may be read as two or two as one: try runs of a similar number of words.
        for length in range(max(1, count - 1), count + 2):
            run = words[first : first + length]
            if len(run) < length or run[-1].line[:3] != run[0].line[:3]:
                continue
            if wanted and not (letters[first] and letters[first + length - 1]):
                continue  # An edge or an icon beside the text, read as a sign: the middle would not be the text's.
            if _is_in_a_sentence(text, words[max(0, first - 1)], run[0]):
                continue
            read = "".join(letters[first : first + length])
            if read == wanted:
                exact.append(_around(run))
            elif len(wanted) >= 5 and _is_close(read, wanted):
                close.append(_around(run))
    return _distinct(sorted(exact or close[:1], key=lambda box: (box.y, box.x)))


def _is_close(read: str, wanted: str) -> bool:
    """Whether one letter in ten, at most, was misread. What two texts cannot be by their lengths costs least."""
    matcher = difflib.SequenceMatcher(None, read, wanted)
    return all(ratio() >= 0.88 for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))


def _distinct(boxes: Sequence[Box]) -> list[Box]:
    """The boxes without those of a text that was read twice."""
    found: list[Box] = []
    for box in boxes:
        x, y = box.center
        if not any(abs(x - one.center[0]) <= _SAME_PX and abs(y - one.center[1]) <= _SAME_PX for one in found):
            found.append(box)
    return found


def _is_in_a_sentence(text: str, before: Word, read: Word) -> bool:
    """Whether a text that begins with a capital letter was read with a small one, and stands behind another word."""
    # Not by the letter alone, which may be misread; nor behind an icon, which is read as a letter or two.
    is_small = text[:1].isupper() and read.text[:1].islower()
    return is_small and before.line[:3] == read.line[:3] and before is not read and len(_letters(before.text)) > 2


def _around(words: Sequence[Word]) -> Box:
    left, top = min(word.box.x for word in words), min(word.box.y for word in words)
    right = max(word.box.x + word.box.width for word in words)
    bottom = max(word.box.y + word.box.height for word in words)
    return Box(left, top, right - left, bottom - top)


def missing_tools(sandbox: Sandbox) -> list[str]:
    """The programs that a screen needs and that the sandbox lacks."""
    look = 'for tool; do command -v "$tool" > /dev/null || echo "$tool"; done'
    return sandbox.run(["sh", "-c", look, "sh", *TOOLS]).stdout.decode().split()


def png_size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    return int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
