# SPDX-License-Identifier: GPL-3.0-or-later
"""
What every child Blender does: read its job, keep within its bounds, answer, and leave or take the next.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import contextlib
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import blend_file
import bpy
import gltf_import

#: Stands in the place of the job's path: jobs are named on standard input, one path a line.
MANY = "-"

#: What Python tells before it uses the network (its table of audit events).
_NETWORK = frozenset(
    f"socket.{name}"
    for name in ("bind", "connect", "getaddrinfo", "gethostbyaddr", "gethostbyname", "sendmsg", "sendto")
)


def serve(work: Callable[[dict], None], *, for_others: bool = False) -> None:
    """
    Do the job named on the command line and leave at once, or all that are named on standard input until it ends.

    :param work: does a job and calls :func:`answer`; what it raises of RefusedError, MemoryError and OSError is
        answered.
    :param for_others: what it writes goes into a library and gets the rights of any new file; else its user alone can
        read it.
    """
    if not for_others:
        os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not bpy.app.online_access_override:
        # The bpy module has no command line for --offline-mode and --disable-autoexec. A Blender has, and there the
        # preference is read-only.
        bpy.context.preferences.system.use_online_access = False
        bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    sys.addaudithook(_refuse_network)
    named = sys.argv[sys.argv.index("--") + 1]
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    watch_parent(jobs)
    if named != MANY:
        _do(work, named)
        # Nothing is left to do, and freeing a model of a million triangles takes a while.
        os._exit(0)
    while True:
        _do(work, jobs.get())


def _refuse_network(event: str, _arguments: tuple[object, ...]) -> None:
    """Keep every Python in this process from the network, Blender's add-ons included; it cannot be taken back."""
    if event in _NETWORK:
        raise PermissionError("The child has no network.")


def _do(work: Callable[[dict], None], path: str) -> None:
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    _limit(job["memory_bytes"])
    try:
        work(job)
    except gltf_import.RefusedError as error:
        answer(job, refused=error.kind, detail=error.detail)
    except MemoryError:
        answer(job, refused="memory", detail="")
    except OSError as error:
        answer(job, refused="disk", detail=os.strerror(error.errno) if error.errno else str(error))
    sys.stdout.flush()
    sys.stderr.flush()


def empty_file() -> bpy.types.Scene:
    """Empty the file Blender started with, and return a new scene: quicker than loading one (100 ms, measured)."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    scene = blend_file.begin()
    bpy.data.orphans_purge(do_recursive=True)
    return scene


def answer(job: dict, **result: object) -> None:
    """Write the answer, as a whole."""
    path = Path(job["result_path"])
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result), encoding="utf-8")
    os.replace(part, path)


def watch_parent(jobs: "queue.SimpleQueue[str] | None" = None) -> None:
    """
    Leave when the Blender that started us is gone: the pipe it holds as our standard input ends then.

    :param jobs: gets the lines that come before.
    """

    def wait() -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while block := os.read(0, 4096):
                *lines, rest = (rest + block).split(b"\n")
                if jobs is not None:
                    for line in lines:
                        jobs.put(os.fsdecode(line))
            os._exit(1)

    threading.Thread(target=wait, name="watch-parent", daemon=True).start()


def _limit(memory_bytes: int) -> None:
    """Cap the memory, write no core dump, and leave the processor to the user's Blender, where the system can."""
    try:
        import resource  # POSIX only
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        # A lower limit that was set from outside stays: raising it above its hard limit fails.
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        os.nice(10)
