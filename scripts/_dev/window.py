# SPDX-License-Identifier: GPL-3.0-or-later
"""
A real Blender with a real window, driven from outside: Python on its main thread, mouse, keyboard, eyes.

No floor (development only). One thread per window. Never imports ``bpy``. Linux only.

    with BlenderWindow(find_blender("trixie"), scratch, env={"TRIVERSE_API_URL": url}) as window:
        window.show_sidebar("Triverse")
        window.click_text("Generate")
        window.wait_for("len(bpy.data.collections) > 1")
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import blender_root, editors, ports
from .cache import REPO, dev_cache
from .pictures import Box, around, has_changed
from .profiles import COMPILE, PREFERENCES
from .sandbox import Sandbox, SandboxError, how_it_ended
from .screen import NARROW_PX, Screen, missing_tools

DRIVER = Path(__file__).with_name("window_driver.py")

START_LIMIT_S = 240.0
"""Generous: on two busy cores the first window takes 15 to 60 s (software OpenGL compiles its shaders)."""
ANSWER_LIMIT_S = 240.0
WAIT_LIMIT_S = 120.0
_ASK_AGAIN_S = 0.05
_LOOK_AGAIN_S = 0.1
"""A look at a screen that has not changed takes ten times as long as an answer from Blender."""
_MOST_REDRAWS = 6
"""Until a panel fits its contents. What moves all the time, such as a text cursor, never looks the same."""
_STEADY_S = 0.12
"""What looks the same for so long has settled: about twice as long as Blender takes to draw a sidebar."""
_NEAR_PX = 6
"""A click so far from the middle of a text is still a click on it."""
_MOST_LOOKS = 5
"""For a button that moves. What changes around it without moving it does not keep the mouse from it."""
_DRAG_STEPS = 4
TABS_PX = 26
"""Width of the tabs beside the sidebar's panels, in pixels at UI scale 1."""


class WindowError(AssertionError):
    """Blender did not do what it was asked; the text says what was seen instead."""


@dataclass(frozen=True)
class Blender:
    """A Blender that can be started: its program, in a Debian root (see :class:`Sandbox`) or on this machine (None)."""

    name: str
    program: str
    root: Path | None
    site_hook: Path | None = None


def find_blender(name: str) -> Blender:
    """The Blender called ``trixie`` or ``sid`` (its root is made if need be), or ``BLENDER`` (what that names).

    Raises:
        SetupError: it cannot be had on this machine.
    """
    if name == "BLENDER":
        return Blender(name, os.environ["BLENDER"], None)
    return Blender(name, "/usr/bin/blender", blender_root.ensure_root(name))


def run_background(
    blender: Blender,
    home: Path,
    arguments: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    shares: Sequence[Path] = (),
) -> subprocess.CompletedProcess[bytes]:
    """Run Blender without a window to its end, with ``home`` as its user's home. ``arguments`` follow the program.

    ``home`` lies in a scratch folder of its own: that folder's ``tmp`` is Blender's ``/tmp`` in a root.
    """
    sandbox = Sandbox(blender.root, home.parent, [REPO, dev_cache(), *shares], blender.site_hook)
    with contextlib.closing(sandbox):
        return sandbox.run([blender.program, *arguments], {"HOME": str(home)} | dict(env or {}))


def make_profile(blender: Blender, home: Path, extension: Path | None = None, *, preferences: str = "") -> None:
    """Make a user's home: preferences saved, and the extension installed from its zip as a user would.

    Args:
        preferences: Python to run, with ``preferences`` at hand, before they are saved.

    Raises:
        WindowError: Blender could not install it or save.
    """
    home.mkdir(parents=True, exist_ok=True)
    shares = [] if extension is None else [extension.parent]
    steps: list[list[str | Path]] = []
    if extension is not None:
        steps.append(["--command", "extension", "install-file", "--repo=user_default", "--enable", extension])
    code = PREFERENCES.replace(
        "bpy.ops.wm.save_userpref()", textwrap.dedent(preferences) + "\nbpy.ops.wm.save_userpref()"
    )
    if extension is not None:
        code += COMPILE
    steps.append(["--background", "--python-exit-code", "3", "--python-expr", code])
    for step in steps:
        answer = run_background(blender, home, step, shares=shares)
        text = (answer.stdout + answer.stderr).decode(errors="replace")
        if answer.returncode:
            raise WindowError(f"Blender {' '.join(map(str, step[:3]))} failed:\n{text}")


class BlenderWindow:
    """One Blender on one virtual screen. Everything it starts ends with it.

    Args:
        blender: which one.
        scratch: an own folder; the home is ``scratch/home`` unless given, logs and pictures land in it.
        home: the user's home, as :func:`make_profile` made it; one is made (without the extension) if it is absent.
        env: environment of Blender, and nothing of ours beside it.
        arguments: further arguments of Blender, such as a .blend file.
        shares: folders that Blender must see beside the checkout, the cache and ``scratch``.
        width_px: of the screen and the window, which is as large. Below ``MIDDLE_PX`` it shows a 3D viewport alone, and
            with ``NARROW_PX`` of that little more than its sidebar.
    """

    def __init__(
        self,
        blender: Blender,
        scratch: Path,
        *,
        home: Path | None = None,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str | Path] = (),
        shares: Sequence[Path] = (),
        width_px: int = NARROW_PX,
    ) -> None:
        self.blender = blender
        self.scratch = scratch.resolve()
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.home = home or self.scratch / "home"
        self.log = self.scratch / "blender.log"
        self._next_id = 0
        self._is_undrawn = True
        """Whether Python may have changed what is drawn. Blender draws anew what mouse and keyboard have changed."""
        if not self.home.is_dir():
            make_profile(blender, self.home)
        self._sandbox = Sandbox(blender.root, self.scratch, [REPO, dev_cache(), self.home, *shares], blender.site_hook)
        self._connection: socket.socket | None = None
        try:
            lacking = missing_tools(self._sandbox)
            if lacking:
                raise SandboxError(f"These programs are missing: {', '.join(lacking)}.")
            self.screen = Screen(self._sandbox, width_px)
            self._start(dict(env or {}), arguments)
        except BaseException:
            self.close()
            raise

    def _start(self, env: dict[str, str], arguments: Sequence[str | Path]) -> None:
        token = secrets.token_hex(8)
        listener = socket.create_server(("127.0.0.1", 0))
        ports.opened(listener.getsockname()[1])
        env |= {"HOME": str(self.home), "DISPLAY": self.screen.display}
        # Mesa draws in Blender's own thread: more of them wait for each other, 37 ms instead of 42 for a sidebar.
        env |= {"LIBGL_ALWAYS_SOFTWARE": "1", "LP_NUM_THREADS": "0"}
        env |= {"TRIVERSE_GUI_PORT": str(listener.getsockname()[1]), "TRIVERSE_GUI_TOKEN": token}
        # Compiled shaders are kept between tests: the first window alone pays for them.
        env |= {"MESA_SHADER_CACHE_DIR": str(dev_cache() / "shaders" / self.blender.name)}
        size = ["--window-geometry", "0", "0", str(self.screen.whole.width), str(self.screen.whole.height)]
        with self.log.open("ab") as log:
            argv = [self.blender.program, *size, *arguments, "--python", DRIVER]
            self._process = self._sandbox.popen(argv, env, log)
        listener.settimeout(0.5)
        limit = time.monotonic() + START_LIMIT_S
        with listener, contextlib.ExitStack() as after:
            after.callback(ports.closed, listener.getsockname()[1])
            while self._connection is None:
                if self._process.poll() is not None or time.monotonic() > limit:
                    raise WindowError(f"Blender did not start:\n{self.log_text()}")
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    connection.settimeout(ANSWER_LIMIT_S)
                    lines = connection.makefile("rb")
                    if json.loads(lines.readline()).get("hello") == token:
                        self._connection, self._lines = connection, lines
                    else:
                        connection.close()
        self.wait_for("len(bpy.context.window_manager.windows) > 0")
        editors.leave(self, self.screen.whole.width)
        self.redraw()

    # ------------------------------------------------------------------
    # Python on Blender's main thread

    def run(self, code: str, **args: object) -> Any:
        """Run Python on Blender's main thread and return what it assigns to ``result`` (as JSON can hold it).

        At hand: ``bpy``, ``args`` by their names, ``areas(type)`` -> (window, area) pairs, ``region_of(area, type)``,
        ``override(area_type, region_type)`` for operators, ``state`` (a dict kept between calls).

        Raises:
            WindowError: it raised (with Blender's traceback), or Blender is gone.
        """
        self._is_undrawn = True
        return self._ask(code, args)

    def _ask(self, code: str, args: Mapping[str, object]) -> Any:
        self._next_id += 1
        request = {"id": self._next_id, "code": textwrap.dedent(code), "args": args}
        assert self._connection is not None
        try:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise WindowError(f"Blender does not answer ({error}):\n{self.log_text()}") from error
        if not line:
            raise WindowError(f"{how_it_ended(self._process)}:\n{self.log_text()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WindowError(f"In Blender:\n{answer['error']}")
        return answer["result"]

    def value(self, expression: str, **args: object) -> Any:
        """The value of one Python expression in Blender. It changes nothing that is drawn."""
        return self._ask(f"result = ({expression})", args)

    def wait_for(self, expression: str, *, limit_s: float = WAIT_LIMIT_S, **args: object) -> Any:
        """Ask again until the expression is true in Blender, and return its value.

        Raises:
            WindowError: it never became true; the last value is in the text.
        """
        return self._poll(lambda: self.value(expression, **args), expression, limit_s, _ASK_AGAIN_S)

    def _poll(self, look: Callable[[], Any], what: str, limit_s: float, again_s: float = _LOOK_AGAIN_S) -> Any:
        limit = time.monotonic() + limit_s
        while not (seen := look()):
            if time.monotonic() > limit:
                self.save_shot("waited-in-vain")
                raise WindowError(f"Waited in vain for: {what}. Last seen: {seen!r}. Blender said:\n{self.log_text()}")
            time.sleep(again_s)
        return seen

    def redraw(self) -> None:
        """Have what is looked at drawn, and come back when Blender has been through its events.

        Not so the viewport itself, which costs as much as all the rest, nor its tools and what lies beside it: Blender
        draws those when something in them has changed.
        """
        self.run(
            """
            for window in bpy.context.window_manager.windows:
                for area in window.screen.areas:
                    for region in area.regions:
                        if area.type not in beside and not (area.type == "VIEW_3D" and region.type in own):
                            region.tag_redraw()
            """,
            beside=["OUTLINER", "PROPERTIES", "DOPESHEET_EDITOR", "TOPBAR", "TEXT_EDITOR"],
            own=["WINDOW", "TOOLS", "TOOL_HEADER"],
        )
        self._is_undrawn = False
        self.pass_events()

    def pass_events(self) -> None:
        """Come back when Blender has been through its events and has drawn what these have changed, and no more."""
        # It takes what came from mouse and keyboard before the first, and deals with it before the second.
        self.value("True")
        self.value("True")

    def settle(self) -> None:
        """Wait until panels have grown or shrunk to their contents, which Blender does in the redraws after."""
        self.pass_events()
        seen = self.screen.picture().tobytes()
        for _ in range(_MOST_REDRAWS):
            if self._is_undrawn:
                self.redraw()
            else:
                time.sleep(_STEADY_S)
                self.pass_events()
            now = self.screen.picture().tobytes()
            if now == seen:
                return
            seen = now

    # ------------------------------------------------------------------
    # Eyes

    def box(self, area: str = "VIEW_3D", region: str = "WINDOW") -> Box:
        """Where a region of the first area of a type is on the screen."""
        x, y, width, height = self._ask(
            """
            window, area = areas(area_type)[0]
            region = region_of(area, region_type)
            result = (window.x + region.x, window.y + region.y, region.width, region.height)
            """,
            {"area_type": area, "region_type": region},
        )
        return Box(x, self.screen.whole.height - y - height, width, height)

    def sidebar(self) -> Box:
        """Where the 3D viewport's sidebar is on the screen."""
        return self.box("VIEW_3D", "UI")

    def show_sidebar(self, tab: str = "Triverse") -> Box:
        """Open the 3D viewport's sidebar on a tab, and return where it is."""
        self.run("areas('VIEW_3D')[0][1].spaces.active.show_region_ui = True")
        # The sidebar learns of its tabs when it is drawn; before, Blender calls the property read-only.
        self.wait_for("choose_tab(tab)", tab=tab)
        self.redraw()
        return self.sidebar()

    def set_sidebar_width(self, width: int) -> Box:
        """Drag the sidebar's edge until it is ``width`` pixels wide, and return where it is.

        Raises:
            WindowError: it stayed as it was; Blender has a least and a largest width.
        """
        scale = self.value("bpy.context.preferences.system.ui_scale")
        is_over = self.value("bpy.context.preferences.system.use_region_overlap")
        for margin in (6, 8, 4, 10, 12) if is_over else (1, 0, 2, -1):
            side = self.sidebar()
            if abs(side.width - width) <= 2:
                return side
            # At the region's edge; where it lies over the viewport and is not seen itself, at that of the panels, some
            # pixels further in: where there are no panels, what is under the sidebar gets the mouse.
            x, y = side.x + round(margin * scale), side.y + round(80 * scale)
            self.screen.move(x, y)
            self.pass_events()
            self.screen.tool(["xdotool", "mousedown", "1"])
            self.pass_events()
            for step in range(1, _DRAG_STEPS + 1):
                x_now = x + (side.width - width) * step // _DRAG_STEPS
                self.screen.tool(["xdotool", "mousemove", str(x_now), str(y)])
                # Blender scales a region by the moves that it sees, and draws it.
                self.pass_events()
            self.screen.tool(["xdotool", "mouseup", "1"])
            self.redraw()
        raise WindowError(f"The sidebar is {self.sidebar().width} pixels wide, and not {width}.")

    def text(self, part: Box | None = None) -> str:
        """All words that can be read on the screen (or in a part), for a look at what is there."""
        return " ".join(word.text for word in self.screen.words(part))

    def find_text(self, text: str, part: Box | None = None) -> list[Box]:
        """Where a text stands on the screen now, top to bottom; empty if it cannot be read."""
        return self.screen.find(text, part)

    def wait_text(self, text: str, part: Box | None = None, *, limit_s: float = WAIT_LIMIT_S) -> Box:
        """Wait until a text can be read, and return where it (its topmost) stands."""
        boxes: list[Box] = self._poll(lambda: self.find_text(text, part), f"the text {text!r} on the screen", limit_s)
        return boxes[0]

    def wait_no_text(self, text: str, part: Box | None = None) -> None:
        """Wait until a text can no longer be read: a dialog, say, is closed."""
        self._poll(lambda: not self.find_text(text, part), f"an end of the text {text!r} on the screen", WAIT_LIMIT_S)

    def save_shot(self, name: str) -> Path:
        """Save a picture of the screen as ``scratch/name.png``."""
        path = self.scratch / f"{name}.png"
        path.write_bytes(self.screen.shot())
        return path

    # ------------------------------------------------------------------
    # Hands

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click at a place on the screen, and come back when Blender has seen it."""
        # While it draws, Blender sees move and press as one, and the press goes to what the mouse has just left.
        self.screen.move(x, y)
        self.pass_events()
        self.press(button, times=times)

    def press(self, button: int = 1, *, times: int = 1) -> None:
        """Press where the mouse is, let go when Blender has seen it, however busy it is, and wait for it again."""
        if times == 1:
            self.screen.press_down(button)
            self.pass_events()
            self.screen.let_go(button)
        else:
            self.screen.press(button, times=times)
        self.pass_events()

    def click_text(
        self,
        text: str,
        part: Box | None = None,
        *,
        dx: int = 0,
        dy: int = 0,
        times: int = 1,
        limit_s: float = WAIT_LIMIT_S,
    ) -> None:
        """Wait for a text and click on it, or ``dx``, ``dy`` pixels off its middle (a field beside its label)."""
        box = self.wait_text(text, part, limit_s=limit_s)
        self.pass_events()
        # It takes a while to read; what has moved meanwhile, since a panel above it has grown, is looked for again.
        before = self.screen.picture()
        while not _is_near(again := self.wait_text(text, part, limit_s=limit_s), box):
            box = again
            self.pass_events()
            before = self.screen.picture()
        for _ in range(_MOST_LOOKS):
            x, y = box.center[0] + dx, box.center[1] + dy
            self.screen.move(x, y)
            self.pass_events()
            # The same may have happened since. Then what stands above and below it does not look as it did.
            now = self.screen.picture()
            if not has_changed(before, now, around(box, part or self.screen.whole, y)):
                break
            found = self.find_text(text, part)
            # In its old place it may be there and too light to be read: the mouse is over it.
            if not found or any(_is_near(one, box) for one in found):
                break
            box, before = found[0], now
        self.press(times=times)

    def fill_in(self, x: int, y: int, text: str) -> None:
        """Type into the text field at a place: double click, select all, type, Return."""
        self.click(x, y, times=2)
        self.screen.key("ctrl+a")
        self.screen.type(text)
        self.key("Return")

    def key(self, *names: str) -> None:
        """Press keys by their X names with the mouse where it is, and come back when Blender has seen them."""
        self.screen.key(*names)
        self.pass_events()

    def hover(self, area: str = "VIEW_3D", region: str = "WINDOW") -> None:
        """Put the mouse into the middle of a region: keys go to what is under the mouse."""
        self.screen.move(*self.box(area, region).center)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, button: int = 1) -> None:
        """Drag with the mouse, and come back when Blender has seen it."""
        self.screen.drag(start, end, button=button)
        self.pass_events()

    # ------------------------------------------------------------------
    # Its life

    @property
    def pid(self) -> int:
        """Blender's process id as this machine sees it."""
        return self._sandbox.pid_of(self._process)

    def log_text(self) -> str:
        """What Blender wrote to stdout and stderr, its last 6000 characters."""
        return self.log.read_text(errors="replace")[-6000:]

    def quit(self) -> None:
        """Close Blender as File > Quit does, and wait for its end. The screen stays until :meth:`close`."""
        with contextlib.suppress(WindowError):
            self.run("with override(): bpy.ops.wm.quit_blender()")
        self._process.wait(ANSWER_LIMIT_S)

    def kill(self) -> None:
        """End Blender at once, as a power cut would (SIGKILL)."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait(ANSWER_LIMIT_S)

    def close(self) -> None:
        """End Blender and the screen, whatever they are doing."""
        if self._connection is not None:
            self._connection.close()
        self._sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with contextlib.suppress(SandboxError, OSError):
                self.save_shot("at-failure")
        self.close()


def _is_near(one: Box, other: Box) -> bool:
    """Whether two readings are of the same place: a letter more or less is read now and then."""
    (x, y), (other_x, other_y) = one.center, other.center
    return abs(x - other_x) <= _NEAR_PX and abs(y - other_y) <= _NEAR_PX
