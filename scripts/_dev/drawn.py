# SPDX-License-Identifier: GPL-3.0-or-later
"""
Watches, inside a Blender with a window, what the add-on's drawing takes and touches.

No floor (development only). Never imports ``bpy``: the code below is run by :class:`window.BlenderWindow`.
"""

WATCH = """
import inspect, sys, threading, time
state.update(drawn={}, touched=[], depth=0, outermost=[], parts_s={})

def hook(event, args):
    if state["depth"] and threading.current_thread() is threading.main_thread():
        if event.partition(".")[0] in ("open", "os", "socket", "sqlite3", "subprocess", "shutil", "glob"):
            state["touched"].append(f"{event} {args}"[:200])

def watched(name, function):
    def call(*args, **named):
        state["drawn"][name] = state["drawn"].get(name, 0) + 1
        state["depth"] += 1
        began_s, began_cpu_s = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **named)
        finally:
            state["depth"] -= 1
            took_s, took_cpu_s = time.perf_counter() - began_s, time.thread_time() - began_cpu_s
            state["parts_s"].setdefault(name, []).append(took_s)
            # A list draws its rows while its panel is drawn.
            if not state["depth"]:
                state["outermost"].append((name, took_s, took_cpu_s))
    # Blender counts the arguments of a function before it calls it.
    names = ", ".join(inspect.signature(function).parameters)
    return eval(f"lambda {names}: call({names})", {"call": call})

NAMES = ("draw", "draw_header", "draw_header_preset", "draw_item", "draw_filter", "filter_items")
for cls in sys.modules[ui]._CLASSES:
    for name in NAMES:
        if name in cls.__dict__ and not issubclass(cls, bpy.types.Operator):
            setattr(cls, name, watched(f"{cls.__name__}.{name}", cls.__dict__[name]))
sys.addaudithook(hook)
"""
"""
Given ``ui``, the name of the add-on's ui package: from now on, ``state`` counts each drawing function's calls
(``drawn``), what they touch of disk and network (``touched``) and their seconds (``parts_s``), and lists those that no
other one called, in order, with their seconds by the clock and of processor time (``outermost``).
"""
