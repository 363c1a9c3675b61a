# SPDX-License-Identifier: GPL-3.0-or-later
"""
Every menu, popover and choice of the add-on in a real window: found by walking its classes, used by mouse.

One thread per window. Never imports ``bpy``: what walks the classes is run in Blender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import pytest

from scripts._dev.cache import REPO
from scripts._dev.pictures import Box
from scripts._dev.screen import Word, find_text
from scripts._dev.window import BlenderWindow
from tests.gui.panel import UI, settle

Place = tuple[int, int]

ROW_PX = 27
"""From one entry of a menu to the next, at the scale of the tests' profile."""

TRIES = 3
"""5.2 does not hear each click."""

WALK = """
import sys
from types import SimpleNamespace
if repo not in sys.path:
    sys.path.append(repo)
from tests.blender.recorder import Recorder

package = ui.rpartition(".")[0] + "."

def ours(base):
    return [cls for cls in base.__subclasses__() if (cls.__module__ + ".").startswith(package)]

def enums(properties):
    return [one for one in properties if one.type == "ENUM" and one.identifier != "rna_type"]

def shown(cls):
    layout = Recorder()
    mixed_in = [base for base in cls.__mro__[1:-1] if not base.__module__.startswith(("bpy_types", "_bpy_types"))]
    stand = type("Stand", (*(base for base in mixed_in if not issubclass(base, bpy.types.bpy_struct)), object), {})()
    for name in ("bl_idname", "preset_operator", "preset_add_operator"):
        if hasattr(cls, name):
            setattr(stand, name, getattr(cls, name))
    stand.layout = layout
    cls.draw(stand, bpy.context)
    return layout.drawn

def entries(drawn):
    found = []
    for one in drawn:
        if one.function == "operator":
            found.append(one.text or one.given["operator"])
        elif one.function == "operator_enum":
            module, name = one.given["operator"].split(".")
            kind = getattr(getattr(bpy.ops, module), name).get_rna_type()
            found += [item.name for item in kind.properties[one.given["property"]].enum_items]
        elif one.function == "prop":
            declared = one.given["data"].bl_rna.properties[one.given["property"]]
            if declared.type == "ENUM":
                found += [item.name for item in declared.enum_items]
            elif declared.type == "BOOLEAN":
                found.append(declared.name)
    return found

result = {}
for cls in ours(bpy.types.Menu):
    result[cls.__name__] = entries(shown(cls))
for cls in ours(bpy.types.Panel):
    if cls.bl_region_type == "HEADER":
        result[cls.__name__] = entries(shown(cls))
for base in (bpy.types.PropertyGroup, bpy.types.AddonPreferences):
    for cls in ours(base):
        for one in enums(cls.bl_rna.properties):
            result[f"{cls.__name__}.{one.identifier}"] = [item.identifier for item in one.enum_items]
for cls in ours(bpy.types.Operator):
    properties = bpy.context.window_manager.operator_properties_last(cls.bl_idname).bl_rna.properties
    for one in enums(properties):
        result[f"{cls.bl_idname}.{one.identifier}"] = [item.identifier for item in one.enum_items]
"""
"""The menus, popovers and properties with choices of all registered classes, each with its entries."""

RECORD = """
import sys
package = ui.rpartition(".")[0] + "."
state["ran"] = []
# It is run by the add-on's own timers.
not_pressed = ("TRIVERSE_OT_watch",)

def watched(cls, function):
    def call(self, context, *event):
        names = ("what", "to", "starter", "geometry_only", "field", "alone", "flow")
        given = {one: getattr(self, one) for one in names if hasattr(self, one)}
        state["ran"].append([cls.bl_idname.replace("_OT_", ".").lower(), given])
        return function(self, context, *event)
    return call

for cls in bpy.types.Operator.__subclasses__():
    if (cls.__module__ + ".").startswith(package) and cls.__name__ not in not_pressed:
        name = "invoke" if hasattr(cls, "invoke") else "execute"
        function = watched(cls, getattr(cls, name))
        # Blender counts the arguments of a function before it calls it.
        names = "self, context, event" if name == "invoke" else "self, context"
        setattr(cls, name, eval(f"lambda {names}: call({names})", {"call": function}))
"""
"""Keeps in ``state["ran"]`` which operators of the add-on are run from now on, with the properties that matter."""


def found(window: BlenderWindow) -> dict[str, list[str]]:
    """The entries of all menus, popovers and properties with choices, by the name of each."""
    menus = window.run(WALK, repo=str(REPO), ui=UI)
    assert isinstance(menus, dict)
    return menus


class Account:
    """Which entries there are and which were chosen, as a test reports it.

    Args:
        record: the test's ``record_property``.
    """

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record
        self.chosen: dict[str, list[str]] = {}

    def note(self, menu: str, entry: str) -> None:
        """An entry was chosen by mouse, and did what it should."""
        self.chosen.setdefault(menu, []).append(entry)

    def close(self, menus: Mapping[str, list[str]], names: Iterable[str]) -> None:
        """Report the counts; each entry of the menus that are named was chosen, and no other."""
        wanted = {name: sorted(menus[name]) for name in names}
        assert {name: sorted(self.chosen.get(name, [])) for name in wanted} == wanted
        assert set(self.chosen) == set(wanted)
        count = sum(map(len, wanted.values()))
        self._record("menus", len(wanted))
        self._record("entries_chosen", count)
        self._record("left_out", 0)
        print(f"\n{len(wanted)} menus, {count} entries chosen by mouse, none left out: {', '.join(wanted)}")


class Mouse:
    """Opens what unfolds in a window, reads what is in it, and clicks: with no more waiting than the mouse needs.

    Args:
        away: where the mouse is out of the way of what is to be read.
    """

    def __init__(self, window: BlenderWindow, away: Place) -> None:
        self.window = window
        self.away = away

    def look_away(self) -> None:
        """Move the mouse off: what it is over is drawn lighter and hard to read."""
        self.window.screen.move(*self.away)
        settle(self.window)

    def click(self, place: Place) -> None:
        """Click, and come back when Blender has been through its events."""
        self.window.click(*place)

    def open(self, place: Place, part: Box, *, is_free: bool = True) -> None:
        """Click until something has unfolded in a part of the screen; without ``is_free``, in a menu that is open."""
        if is_free:
            self.window.screen.move(*self.away)
            # 5.2 leaves a popover open in which something was clicked on.
            self.window.key("Escape")
            settle(self.window)
        before = self._pixels(part)
        for _ in range(TRIES):
            self.click(place)
            # Only when it is drawn for sure: a click that was heard late would close it again.
            settle(self.window)
            if _differ(before, self._pixels(part)) > 0.01:
                return
        self.window.save_shot("did-not-open")
        pytest.fail(f"A click at {place} opened nothing.")

    def read(
        self, labels: Iterable[str], part: Box, *, but: Place | None = None, order: Sequence[str] | None = None
    ) -> dict[str, Place]:
        """Where each label is in a part of the screen.

        Args:
            but: a button, which may say the same.
            order: all rows from top to bottom, if they are evenly high: one that cannot be read is told by the others.
        """
        wanted, places = set(labels), {}
        for _ in range(3 if order is None else 2):
            # Not the button: what says the same is taken for what is meant, if the other is misread in a letter.
            words = [one for one in self.window.screen.words(part) if but is None or not _is_at(one.box, but)]
            for label in wanted - set(places):
                boxes = _alike(label, words)
                if boxes:
                    places[label] = boxes[0].center
            if places.keys() == wanted:
                return places
            # Closer: the fewer other things there are, the better it is read.
            part = _around(places.values(), part) if places else self.window.screen.opened() or part
        if order is not None and places:
            return _all_rows(places, order)
        self.window.save_shot("not-read")
        pytest.fail(f"Not read: {wanted - set(places)}; read: {' '.join(word.text for word in words)}")

    def choose_each(
        self,
        button: Place,
        part: Box,
        labels: Mapping[str, str],
        is_chosen: Callable[[str], str],
        *,
        stays_open: bool = False,
        before: Place | None = None,
        order: Sequence[str] | None = None,
    ) -> Iterator[str]:
        """Choose every entry of the menu that a button opens, and yield each when Blender has it.

        Args:
            labels: what stands on the screen, by entry.
            is_chosen: an expression in Blender that is true when an entry is chosen.
            stays_open: as popovers do, until the mouse leaves them.
            before: where the menu opens in which the button is; it is open already.
            order: see :meth:`read`.
        """
        self.open(button, part, is_free=before is None)
        # A submenu opens beside its button, with an entry in the same row.
        places = self.read(labels.values(), part, but=button if before is None else None, order=order)
        self.window.save_shot(f"menu-{next(iter(labels))}")
        left, right = (end(x for x, _ in places.values()) for end in (min, max))
        top, low = (end(y for _, y in places.values()) for end in (min, max))
        ground = Box(left - 40, top - 10, right - left + 80, low - top + 20)
        dark = _ground(self._pixels(ground))
        is_open = True
        for entry, label in labels.items():
            for _ in range(TRIES):
                if not is_open:
                    if before is not None:
                        self.open(before, part)
                    self._open_again(button, ground, dark)
                self.click(places[label])
                is_open = stays_open
                if self._comes_true(is_chosen(entry)):
                    break
            else:
                self.window.save_shot("in-vain")
                pytest.fail(f"{entry} was clicked on {TRIES} times in vain.")
            yield entry

    def _open_again(self, button: Place, place: Box, dark: int) -> None:
        """Click until the place is as dark as it was: menus are darker than all that they cover."""
        for _ in range(TRIES):
            self.click(button)
            for _ in range(4):
                pixels = self._pixels(place)
                if pixels.count(dark) > len(pixels) * _SHARE:
                    return
                self.window.redraw()
        self.window.save_shot("did-not-open-again")
        pytest.fail(f"A click at {button} opened nothing.")

    def _comes_true(self, expression: str) -> bool:
        for _ in range(10):
            if self.window.value(expression):
                return True
            self.window.pass_events()
        return False

    def _pixels(self, part: Box) -> bytes:
        """A part of the screen in grey, as it is now."""
        return self.window.screen.picture(part).convert("L").tobytes()


def _alike(label: str, words: Sequence[Word]) -> list[Box]:
    """Where a label stands; a short one may be misread in a letter, if nothing else is like it."""
    boxes = find_text(label, words)
    if boxes or len(label.split()) > 1:
        return boxes
    close = [word.box for word in words if SequenceMatcher(None, word.text.lower(), label.lower()).ratio() > 0.6]
    return close if len(close) == 1 else []


def _all_rows(places: Mapping[str, Place], order: Sequence[str]) -> dict[str, Place]:
    """Where all rows are, by those that were read; the click on a wrong one is seen by what it chooses."""
    known = sorted((order.index(label), place) for label, place in places.items() if label in order)
    (first, (x, y)), (last, (_, low)) = known[0], known[-1]
    height = (low - y) / (last - first) if last > first else ROW_PX
    return {label: (x, round(y + (index - first) * height)) for index, label in enumerate(order)}


def _is_at(box: Box, button: Place) -> bool:
    """Whether a text stands on the button: left of where that is clicked on, while a submenu opens at its right."""
    (x, y), (at_x, at_y) = box.center, button
    return abs(y - at_y) <= 12 and x <= at_x + 200


def _around(places: Iterable[Place], part: Box) -> Box:
    """The part of ``part`` that is near to some places."""
    left, right = (end(x for x, _ in places) for end in (min, max))
    top, low = (end(y for _, y in places) for end in (min, max))
    x, y = max(part.x, left - 130), max(part.y, top - 120)
    return Box(x, y, min(part.x + part.width, right + 130) - x, min(part.y + part.height, low + 120) - y)


_SHARE = 0.15
"""Of the pixels between the first and the last entry: at least so many are ground, and at most an entry is lit."""


def _ground(pixels: bytes) -> int:
    """The darkest grey of a menu that is not a few pixels only."""
    return min(grey for grey in set(pixels) if pixels.count(grey) > len(pixels) * _SHARE)


def _differ(before: bytes, after: bytes) -> float:
    """How large a share of the pixels is another one."""
    return sum(abs(a - b) > 8 for a, b in zip(before, after, strict=True)) / len(before)
