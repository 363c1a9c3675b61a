# SPDX-License-Identifier: GPL-3.0-or-later
"""
The soak: random actions of a user and random faults in a real window, for a while; then everything must be in order.

Used by ``test_soak.py`` (short) and ``scripts/soak.py`` (long). The same seed takes the same actions, though not at the
same moments.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts._dev.window import BlenderWindow
from tests.gui.panel import SESSION, set_prompt
from tests.service.server import StandIn

MEMORY_LIMIT_BYTES = 20 * 1024**2
_TBB = frozenset({"sid"})
"""Blenders with TBB's allocator (others cannot do without their own: 4.3 with jemalloc does not start)."""
_TROUBLE = re.compile(r"Traceback|Exception|Segmentation|A tick failed|A heartbeat failed|ReferenceError")
_MOST_OPEN = 6
_READINGS = 4
"""Of the memory, each in a new file. They differ by 25 MB, the least of four by 8 MB (measured over 9 rounds)."""
#: Connections are kept for the next request: 10 to a host, of which there are two; and Blender's own, to its screen.
_MOST_SOCKETS = 30
_STORE_FILES = 3
"""Of each thread's connection: the database, its log, its index."""

_NO_MODAL = "not any(len(w.modal_operators) for w in bpy.context.window_manager.windows)"
_NO_CHILD_ENDS = "not any(one.name == 'triverse-child-end' for one in __import__('threading').enumerate())"

#: What a window may hold when nothing is under way, and must not have more of at the end.
_COUNTS = """
import gc, os, sys, threading
gc.collect()
ours = sys.modules["bl_ext.user_default.triverse.ui.state.runtime"]
heartbeat = sys.modules["bl_ext.user_default.triverse.ui.timers.app_timer"]
session = ours.current()
lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
# One Blender may wait for the next model, for some minutes: what it needs is no more than it may have.
children = [one._waiting for one in gc.get_objects() if type(one).__name__ == "ReadyChildProcess" and one.is_waiting]
its_pipes = {str(pipe.fileno()) for one in children for pipe in (one.process.stdin, one.process.stdout)}
its_logs, its_readers = {str(one.log) for one in children}, [one.reader for one in children]
open_files = []
for number in os.listdir("/proc/self/fd"):
    try:
        file = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        continue
    if number not in its_pipes and file not in its_logs:
        open_files.append(file)
result = {
    "children": len(children),
    "threads": sorted(t.name for t in threading.enumerate() if t not in its_readers),
    "handlers": {name: len(found) for name, found in lists.items() if isinstance(found, list)},
    "files": sorted(open_files),
    "previews": len(session.thumbnails._previews or ()),
    "modal operators": sum(len(window.modal_operators) for window in bpy.context.window_manager.windows),
    "heartbeat": bpy.app.timers.is_registered(heartbeat._timer),
    "most previews": sys.modules["bl_ext.user_default.triverse.ui.state.thumbnails"]._KEPT,
}
"""


def allocator(blender: str) -> dict[str, str]:
    """
    Return an environment in which a Blender's allocator gives back what was freed, when it is asked to.

    TBB's does not: in the same 30 actions the process grew by 25 MB in one run and by less than 20 in the next, and in
    longer ones while what Blender itself held at rest stayed the same. So such a Blender gets the C library's.
    """
    return {"LD_PRELOAD": "libc.so.6", "MALLOC_ARENA_MAX": "1"} if blender in _TBB else {}


class Soak:
    """
    One soak.

    :param folder: where its .blend files lie.
    """

    def __init__(self, window: BlenderWindow, service: StandIn, folder: Path, seed: int) -> None:
        self._window, self._service, self._folder = window, service, folder
        self._random = random.Random(seed)
        self._number = 0
        self.done: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=12)
        """The last actions, for when Blender does not outlive one."""

    def run(self, *, seconds: float = 0.0, actions: int = 0, warm_up_rounds: int) -> list[str]:
        """
        Act for so long, and so often at least, then tidy up as a user would.

        :param warm_up_rounds: what first times bring with them stays: Blender's own caches, worker threads, a
            connection for each of them. So all actions are taken so often before anything is counted; what leaks grows
            after that.
        :returns: what is wrong at the end; nothing, if all is well.
        """
        for _ in range(warm_up_rounds):
            for _, act in self._actions():
                act()
            self._come_to_rest()
        # In this order: to measure memory opens a file of its own, the one time.
        memory_bytes, before = self._memory_bytes(), self._counts()
        began = len(self._window.log.read_text(errors="replace"))
        self.done.clear()
        self._act(seconds, actions)
        problems = self._come_to_rest()
        after = self._counts()
        self.grown_bytes = self._memory_bytes() - memory_bytes
        problems += _left_over(before, after)
        if self.grown_bytes > MEMORY_LIMIT_BYTES:
            problems.append(f"{self.grown_bytes / 1024**2:.1f} MB more memory")
        text = self._window.log.read_text(errors="replace")[began:]
        problems += [f"in the console: {line}" for line in text.splitlines() if _TROUBLE.search(line)]
        if self._service.key in text:
            problems.append("the key is in the console")
        return problems + self._account()

    def _counts(self) -> dict[str, Any]:
        """What Blender holds between two bursts of watching, of which one may follow when a file was opened."""
        while (counts := self._window.run(_COUNTS))["modal operators"]:
            self._window.wait_for(_NO_MODAL)
        return counts

    def _come_to_rest(self) -> list[str]:
        self._service.faults.clear()
        problems = self._finish_all()
        self._new_file()
        # The last burst of watching ends by itself, unless it never does.
        self._window.wait_for(_NO_MODAL)
        self._window.wait_for(_NO_CHILD_ENDS)
        return problems

    def _act(self, seconds: float, actions: int) -> None:
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s or self.done.total() < actions:
            name, act = self._random.choice(self._actions())
            self.last.append(name)
            act()
            self.done[name] += 1
            time.sleep(self._random.uniform(0.0, 0.5))

    def _account(self) -> list[str]:
        state = self._service.state
        state.settle()
        problems = [f"leak: {leak}" for leak in state.leaks]
        paid = state.charged_per_order()
        problems += [f"order {order} was charged {count} times" for order, count in paid.items() if count != 1]
        if state.user.frozen:
            problems.append(f"{state.user.frozen} credits stay frozen")
        return problems

    def _memory_bytes(self) -> int:
        """
        What Blender holds at rest.

        Not the thumbnails, of which 96 are kept at most; and the allocator first gives back what is free, or the number
        says how it was fragmented.
        """
        return min(self._reading_bytes() for _ in range(_READINGS))

    def _reading_bytes(self) -> int:
        self._new_file()
        self._window.wait_for(_NO_MODAL)
        self._window.run(
            f"""
            import ctypes, gc
            thumbnails = {SESSION}.thumbnails
            for task_id in list(thumbnails._order):
                thumbnails._drop(task_id)
            gc.collect()
            # Each keeps what is freed until it is told.
            process = ctypes.CDLL(None)
            for name, given in (
                ("malloc_trim", (0,)),
                ("mallctl", (b"arena.4096.purge", None, None, None, 0)),
                ("scalable_allocation_command", (0, None)),
            ):
                if hasattr(process, name):
                    getattr(process, name)(*given)
            """
        )
        text = Path(f"/proc/{self._window.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        assert found
        return int(found[1]) * 1024

    # -------------------------------------------------------------------------
    # What a user does

    def _actions(self) -> list[tuple[str, Callable[[], object]]]:
        actions: list[tuple[str, Callable[[], object]]] = [
            ("order", self._order),
            ("order", self._order),
            ("fault", self._fault),
            ("fault", self._fault),
            ("undo", lambda: self._key("ctrl+z")),
            ("redo", lambda: self._key("ctrl+shift+z")),
            (
                "edit mode",
                lambda: self._operator("object.mode_set", mode=self._random.choice(["EDIT", "OBJECT", "SCULPT"])),
            ),
            ("add a cube", lambda: self._operator("mesh.primitive_cube_add")),
            ("save", self._save),
            ("new file", self._new_file),
            ("play", lambda: self._operator("screen.animation_play")),
            ("quad view", lambda: self._operator("screen.region_quadview")),
            ("retry", lambda: self._engine("retry")),
            ("import again", lambda: self._engine("import_again")),
            ("rename", lambda: self._engine("rename", f"renamed {self._number}")),
            ("stop following", lambda: self._engine("stop_following")),
            ("resume following", lambda: self._engine("resume_following")),
            ("live updates", self._toggle_live),
            ("balance", lambda: self._window.run(f"{SESSION} and {SESSION}.engine.ask_balance()")),
            ("outage", self._outage),
            ("revert", self._revert),
            ("render", self._render),
            ("move", self._move),
            ("second window", self._second_window),
            ("add-on off and on", self._off_and_on),
        ]
        return actions

    def _key(self, name: str) -> None:
        self._window.hover()
        self._window.key(name)

    def _operator(self, name: str, **args: object) -> None:
        # With an undo step, as from a menu: without one, undo comes back to a state that no user can have left. Some
        # cannot be had in the mode that an earlier action left, as a user finds out by a greyed entry.
        self._window.run(
            """
            module, _, function = name.partition(".")
            operator = getattr(getattr(bpy.ops, module), function)
            with override():
                try:
                    if operator.poll():
                        operator('EXEC_DEFAULT', True, **given)
                except RuntimeError:
                    pass
            """,
            name=name,
            given=args,
        )

    def _engine(self, wish: str, *args: object) -> None:
        """Wish something for any task; what cannot be wished is refused in words."""
        self._window.run(
            f"""
            session = {SESSION}
            tasks = session.engine.tasks() if session else []
            if tasks:
                try:
                    getattr(session.engine, wish)(tasks[number % len(tasks)].id, *given)
                except Exception as error:
                    if not hasattr(error, "sentence"):
                        raise
            """,
            wish=wish,
            number=self._random.randrange(1000),
            given=list(args),
        )

    def _order(self) -> None:
        open_count = self._window.value(f"{SESSION}.engine.active_count if {SESSION} else 0")
        if open_count >= _MOST_OPEN:
            return
        self._number += 1
        words = self._random.choice(["", "", "", "fail ", "cancel ", "corrupt ", "nofile "])
        set_prompt(self._window, f"A {words}chair number {self._number} tris:1k")
        self._operator("triverse.generate")

    def _fault(self) -> None:
        kind = self._random.choice(["create", "status", "url", "asset", "preview", "ws", "download"])
        rule = self._random.choice(
            [
                {"status": 503},
                {"status": 429},
                {"reset_before": True},
                {"reset_after": True},
                {"html": True, "status": 502},
                {"garbage": True},
                {"empty": True},
                {"latency_s": 2.0},
                {"expired": True},
            ]
        )
        self._service.faults.add(kind, **rule)

    def _outage(self) -> None:
        with self._service.down():
            time.sleep(1.0)

    def _toggle_live(self) -> None:
        self._window.run(
            "p = bpy.context.preferences.addons['bl_ext.user_default.triverse'].preferences; p.live = not p.live"
        )

    def _save(self) -> None:
        self._operator("wm.save_as_mainfile", filepath=str(self._folder / f"{self._random.randrange(3)}.blend"))

    def _new_file(self) -> None:
        self._window.run("with override(): bpy.ops.wm.read_homefile()")
        self._window.wait_for("len(bpy.context.window_manager.windows) > 0")
        self._window.show_sidebar("Triverse")

    def _revert(self) -> None:
        self._window.run("with override():\n if bpy.data.filepath: bpy.ops.wm.revert_mainfile()")
        self._window.wait_for("len(bpy.context.window_manager.windows) > 0")
        self._window.show_sidebar("Triverse")

    def _render(self) -> None:
        """Begin a small render, which goes on while others of these actions are taken."""
        self._window.run(
            """
            bpy.context.preferences.view.render_display_type = "NONE"
            scene = bpy.context.window_manager.windows[0].scene
            scene.render.engine = "CYCLES"
            scene.render.resolution_x = scene.render.resolution_y = 32
            scene.cycles.samples, scene.cycles.time_limit = 1_000_000, 1.0
            scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
            with override():
                if bpy.ops.render.render.poll() and not bpy.app.is_job_running("RENDER"):
                    bpy.ops.render.render("INVOKE_DEFAULT")
            """
        )

    def _move(self) -> None:
        """Move what is selected, if anything is, for a while: a model that comes has to wait."""
        self._key("g")
        time.sleep(self._random.uniform(0.0, 1.5))
        self._key(self._random.choice(["Escape", "Return"]))

    def _second_window(self) -> None:
        self._operator("wm.window_new_main")
        self._window.redraw()
        time.sleep(self._random.uniform(0.0, 1.0))
        self._window.run(
            """
            for window in bpy.context.window_manager.windows[1:]:
                with bpy.context.temp_override(window=window):
                    bpy.ops.wm.window_close()
            """
        )
        self._window.wait_for("len(bpy.context.window_manager.windows) == 1")

    def _off_and_on(self) -> None:
        self._window.run("import addon_utils; addon_utils.disable('bl_ext.user_default.triverse')")
        time.sleep(self._random.uniform(0.0, 1.0))
        self._window.run("import addon_utils; addon_utils.enable('bl_ext.user_default.triverse')")
        self._window.wait_for(f"{SESSION} is not None")
        self._window.show_sidebar("Triverse")

    def _finish_all(self) -> list[str]:
        """Follow and retry whatever is left, until every task is where it belongs."""
        window = self._window
        window.run(
            f"""
            session = {SESSION}
            for record in session.engine.tasks() if session else []:
                if not record.following:
                    session.engine.resume_following(record.id)
                elif record.stage.value in ("failed", "gone") and not record.is_final:
                    session.engine.retry(record.id)
            """
        )
        window.wait_for(f"{SESSION}.engine.active_count == 0", limit_s=180)
        return window.run(
            f"""
            session, result = {SESSION}, []
            for record in session.engine.tasks():
                stage, words = record.stage.value, record.name
                prompt = str(record.params.get("prompt", ""))
                meant = {{"fail": "failed", "cancel": "cancelled", "corrupt": "failed", "nofile": "failed"}}
                want = next((end for word, end in meant.items() if f" {{word}} " in prompt), None)
                good = {{want}} if want else {{"imported", "ready"}}
                if stage not in good:
                    result.append(f"{{prompt}} is {{stage}}: {{record.error or record.status_note}}")
            """
        )


def _left_over(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Say what there is more of than there may be."""
    problems = [
        f"{name}: {before[name]} before, {after[name]} after"
        for name in ("handlers", "modal operators", "heartbeat")
        if after[name] != before[name]
    ]
    ours = [name for name in after["threads"] if name.startswith("triverse-")]
    doubled = [name for name, count in Counter(ours).items() if count > 1]
    known = {name.rstrip("0123456789") for name in before["threads"]}
    foreign = [name for name in after["threads"] if name not in ours and name.rstrip("0123456789") not in known]
    if doubled or foreign:
        problems.append(f"threads: {doubled + foreign} more")
    if after["children"] > 1:
        problems.append(f"{after['children']} Blenders that wait")
    if after["previews"] > after["most previews"]:
        problems.append(f"previews: {after['previews']}")
    files = {name: _kinds(counts["files"]) for name, counts in (("before", before), ("after", after))}
    # One connection for each thread that is alive, the main thread among them.
    most = {"store": _STORE_FILES * (len(ours) + 1), "sockets": _MOST_SOCKETS}
    problems += [
        f"files: {count} of {kind}, {files['before'][kind]} before"
        for kind, count in files["after"].items()
        if count > max(files["before"][kind], most.get(kind, 0))
    ]
    return problems


def _kinds(names: list[str]) -> Counter[str]:
    return Counter(_kind(name) for name in names)


def _kind(name: str) -> str:
    if "tasks.sqlite3" in name:
        return "store"
    # The lock of the engine that runs is named anew when the add-on is switched on again.
    if "/owners/" in name and name.endswith(".lock"):
        return "engines"
    return "sockets" if name.startswith("socket:") else name.partition(":")[0]
