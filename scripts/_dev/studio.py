# SPDX-License-Identifier: GPL-3.0-or-later
"""
A studio for pictures of the add-on in a real Blender: windows, looks, and cuts that keep a picture small.

No floor (development only). Never imports ``bpy``. Linux only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .package import build
from .pictures import Box
from .profiles import AS_INSTALLED, copy_profile
from .screen import HEIGHT_PX, WIDE_PX
from .window import TABS_PX, BlenderWindow, find_blender, make_profile

#: Colours of a picture: few enough for a small file, so many that none is missed.
_COLORS = 160


@dataclass(frozen=True)
class Look:
    """How Blender looks in all pictures."""

    theme: str
    scale: float
    language: str


class Studio:
    """Opens Blenders for pictures."""

    def __init__(self, blender_name: str, look: Look, out: Path, scratch: Path) -> None:
        self.look, self.out, self.scratch = look, out, scratch
        self.blender = find_blender(blender_name)
        self.template = scratch / "template" / "home"
        make_profile(self.blender, self.template, build(scratch / "dist"), preferences=AS_INSTALLED)
        self._count = 0

    @contextmanager
    def window(self, env: dict[str, str]) -> Iterator[Shooter]:
        """A Blender in the look of all pictures."""
        self._count += 1
        scratch = self.scratch / f"window-{self._count}"
        scratch.mkdir()
        home = copy_profile(self.template, scratch / "home")
        with BlenderWindow(
            self.blender, scratch, home=home, env=env, shares=[self.scratch], width_px=WIDE_PX
        ) as window:
            shooter = Shooter(window, self.out)
            shooter.look(self.look)
            yield shooter


class Shooter:
    """Takes pictures of one Blender."""

    def __init__(self, window: BlenderWindow, out: Path) -> None:
        self.window, self.out = window, out
        self._look: Look | None = None

    def look(self, look: Look) -> None:
        """Change theme, scale and language."""
        self._look = look
        self.window.run(_LOOK, theme=look.theme, scale=look.scale, language=look.language or "en_US")
        if look.language:
            # The add-on follows at its next beat.
            self.window.wait_for("bpy.app.translations.pgettext_iface('Ask Above Credits') != 'Ask Above Credits'")
        self.settle()

    @contextmanager
    def readable(self) -> Iterator[None]:
        """Have Blender dark and in English meanwhile: nothing else can be read off the screen."""
        look = self._look
        assert look is not None
        plain = Look("dark", look.scale, "")
        if look != plain:
            self.look(plain)
        try:
            yield
        finally:
            if look != plain:
                self.look(look)

    def settle(self) -> None:
        """Wait until panels have grown or shrunk to their contents."""
        self.window.settle()

    def whole(self, name: str) -> None:
        """Save the whole window, the mouse out of the way."""
        self.rest()
        # As wide as a page shows it.
        self._save(name, self.window.screen.shot(), "-resize", "1200x")

    def sidebar(self, name: str, *, width_px: int | None = None) -> None:
        """Save what the sidebar holds: without its tabs, and down to where it ends."""
        side = self.window.sidebar() if width_px is None else self.window.set_sidebar_width(width_px)
        self.rest()
        scale = self.window.value("bpy.context.preferences.system.ui_scale")
        # Without the line that Blender draws around the viewport.
        box = Box(side.x, side.y, side.width - round(TABS_PX * scale), side.height - round(10 * scale))
        self._save(name, self.window.screen.shot(), *_trimmed(box))

    def part(self, name: str, box: Box) -> None:
        """Save a part of the window."""
        self.rest()
        self._save(name, self.window.screen.shot(), "-crop", _geometry(box), "+repage")

    def made(self, name: str, path: Path) -> None:
        """Save a picture that the add-on has drawn."""
        self._save(name, path.read_bytes())

    def popup(self, name: str, code: str, **args: object) -> None:
        """Save what ``code`` lets pop up, and close it again."""
        self.rest()
        self._save_new(name, lambda: self.window.run(code, **args))

    def menu(self, name: str, text: str) -> None:
        """Save what the button at the right end of a text's row lets pop up, and close it again."""
        self.rest()
        side = self.window.sidebar()
        scale = self.window.value("bpy.context.preferences.system.ui_scale")
        with self.readable():
            y = self.window.wait_text(text, side).center[1]
        self._save_new(name, lambda: self.window.click(side.x + side.width - round((TABS_PX + 26) * scale), y))

    def _save_new(self, name: str, act: Callable[[], object]) -> None:
        """Save what is seen that was not before."""
        before, after = self.window.scratch / "before.png", self.window.scratch / "after.png"
        before.write_bytes(self.window.screen.shot())
        act()
        self.settle()
        after.write_bytes(self.window.screen.shot())
        # The status bar at the foot may have changed as well.
        found = self.window.screen.tool(
            ["convert", str(before), str(after), "-compose", "difference", "-composite", "-colorspace", "Gray"]
            + ["-crop", f"{WIDE_PX}x{HEIGHT_PX - 40}+0+0", "+repage", "-threshold", "4%", "-format", "%@", "info:"]
        ).decode()
        self._save(name, after.read_bytes(), "-crop", found, "+repage")
        # The first may only end the typing into a field.
        self.window.key("Escape", "Escape")
        self.settle()

    def rest(self) -> None:
        """Put the mouse where it lights up nothing: left in the viewport, where dialogs and menus then pop up."""
        view = self.window.box("VIEW_3D" if self.window.value("bool(areas('VIEW_3D'))") else "PREFERENCES", "WINDOW")
        self.window.screen.move(view.x + 420, view.y + 320)
        self.settle()

    def _save(self, name: str, picture: bytes, *cut: str) -> None:
        path = self.out / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = ["+dither", "-colors", str(_COLORS), "-strip", "-define", "png:compression-level=9", "PNG8:-"]
        path.write_bytes(self.window.screen.tool(["convert", "png:-", *cut, *small], picture))
        print(f"{path} {path.stat().st_size // 1024} KB")


def _trimmed(box: Box) -> list[str]:
    """Cut a part out, then what is empty around it, up to a margin of the background's colour."""
    cut = ["-crop", _geometry(box), "+repage", "-bordercolor", "#3d3d3d", "-fuzz", "1.5%", "-trim", "+repage"]
    return [*cut, "-border", "8"]


def _geometry(box: Box) -> str:
    return f"{box.width}x{box.height}+{box.x}+{box.y}"


_LOOK = """
import os
preferences = bpy.context.preferences
preferences.view.ui_scale = scale
preferences.view.show_developer_ui = False
preferences.view.language = language
preferences.view.use_translate_interface = language != "en_US"
preferences.view.use_translate_tooltips = language != "en_US"
if theme == "light":
    folders = bpy.utils.preset_paths("interface_theme")
    paths = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder)]
    path = next(path for path in paths if "light" in os.path.basename(path).lower())
    bpy.ops.script.execute_preset(filepath=path, menu_idname="USERPREF_MT_interface_theme_presets")
else:
    bpy.ops.preferences.reset_default_theme()
"""
