# SPDX-License-Identifier: GPL-3.0-or-later
"""
The main function of every child Blender: set limits, read a job, run it, write the result, then exit or continue.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import contextlib
import errno
import logging
import os
import queue
import select
import shutil
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

try:
    import fcntl  # POSIX only
except ImportError:
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from . import blend_file, gltf_import, job_json
    from .job_format import (
        BEGUN,
        DONE,
        EXPECTED,
        JOBS_ON_STDIN,
        ONE_JOB_ON_STDIN,
        ExpectedInput,
        InputT,
        Job,
        Output,
        Refused,
    )
else:
    import blend_file
    import gltf_import
    import job_json
    from job_format import (
        BEGUN,
        DONE,
        EXPECTED,
        JOBS_ON_STDIN,
        ONE_JOB_ON_STDIN,
        ExpectedInput,
        InputT,
        Job,
        Output,
        Refused,
    )

#: Audit events that Python raises before it uses the network (see "Audit events table" in its documentation).
_NETWORK = frozenset(
    f"socket.{name}"
    for name in ("bind", "connect", "getaddrinfo", "gethostbyaddr", "gethostbyname", "sendmsg", "sendto")
)


#: Number of data-blocks up to which removing them is faster than loading an empty file. 200 objects with a mesh each
#: take 13 instead of 25 ms, 4,000 take 0.7 s instead of 0.2 s; an empty file has 24.
_MAX_REMOVED = 200
#: For how long the main thread's Python goes on when another thread wants to. With Python's 0.005 s, the proofs of
#: pictures (``picture_proof``) come to work so seldom that a conversion of 20,000 triangles takes a tenth longer.
_SWITCH_INTERVAL_S = 0.0005


def serve(
    work: Callable[[Job[InputT]], None],
    *kinds: type[InputT],
    for_others: bool = False,
    warm_up: Callable[[], None] | None = None,
    work_ahead: Callable[[ExpectedInput], None] | None = None,
) -> None:
    """
    Run the job named on the command line and exit, or run one or all jobs named on standard input until that is closed.

    :param work: function that runs a job and calls :func:`write_result`. If it raises RefusedError, MemoryError or
        OSError, the error is written as the result.
    :param kinds: the types of the inputs that ``work`` accepts.
    :param for_others: whether files get the default permissions, for an asset library; otherwise only the user can read
        them.
    :param warm_up: function that loads what a job will need, for a child that waits for its job. Its errors are
        ignored, because the job meets them too and reports them.
    :param work_ahead: function that works on files of the job, as they come; likewise.
    """
    if not for_others:
        os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not bpy.app.online_access_override:
        # The bpy module has no command line options --offline-mode and --disable-autoexec, so set the preferences. With
        # these options, the preference for online access is read-only.
        bpy.context.preferences.system.use_online_access = False
        bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    sys.addaudithook(_refuse_network)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    named = sys.argv[sys.argv.index("--") + 1]
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    watch_parent(jobs, own_folder=Path.cwd() if named == ONE_JOB_ON_STDIN else None)
    global _has_more_jobs
    if named == ONE_JOB_ON_STDIN:
        _lower_priority()
        if warm_up is not None:
            with contextlib.suppress(ImportError, MemoryError, OSError, RuntimeError):
                warm_up()
        while (path := Path(jobs.get())).name == EXPECTED:
            if work_ahead is not None:
                _work_ahead(work_ahead, path)
        _end_with_parent(True)
        _run_marked_job(work, kinds, path)
        os._exit(0)
    if named != JOBS_ON_STDIN:
        _end_with_parent(True)
        _run_job(work, kinds, named)
        # Exit without cleaning up, because freeing a model of a million triangles takes time.
        os._exit(0)
    _has_more_jobs = True
    # Blender's importer tells three lines of each model, and each wakes two threads of the parent.
    logging.disable(logging.INFO)
    while True:
        next_path = jobs.get()
        _end_with_parent(True)
        _run_job(work, kinds, next_path)


def _refuse_network(event: str, _arguments: tuple[object, ...]) -> None:
    """Audit hook that denies network access to all Python code in this process, add-ons included. Not removable."""
    if event in _NETWORK:
        raise PermissionError("The child has no network.")


def _run_job(work: Callable[[Job[InputT]], None], kinds: tuple[type[InputT], ...], path: str) -> None:
    job = job_json.read_job(Path(path).read_text(encoding="utf-8"), *kinds)
    _limit(job.memory_bytes)
    try:
        work(job)
    except gltf_import.RefusedError as error:
        write_result(job, Refused(error.kind, error.detail))
    except MemoryError:
        write_result(job, Refused("memory", ""))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        write_result(job, Refused("no_room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "disk", reason))
    sys.stdout.flush()
    sys.stderr.flush()
    if _has_more_jobs:
        _say_done()


def _work_ahead(work: Callable[[ExpectedInput], None], path: Path) -> None:
    with contextlib.suppress(ImportError, MemoryError, OSError, RuntimeError):
        expected = job_json.read_job(path.read_text(encoding="utf-8"), ExpectedInput)
        _limit(expected.memory_bytes)
        work(expected.input)


def _say_done() -> None:
    """Write a line to standard output, past its buffers: the parent waits for output before it looks for a result."""
    with contextlib.suppress(OSError):
        os.write(1, b"The job is done.\n")


def _run_marked_job(work: Callable[[Job[InputT]], None], kinds: tuple[type[InputT], ...], path: Path) -> None:
    """Run a job, and say when it begins and when its result is final: a result may be replaced by a better one."""
    path.with_suffix(BEGUN).touch()
    _run_job(work, kinds, str(path))
    result = Path(job_json.read_job(path.read_text(encoding="utf-8"), *kinds).result_path)
    if result.exists():
        result.with_suffix(DONE).touch()
        _say_done()


def empty_file() -> bpy.types.Scene:
    """Empty the open file and return a new scene. This is faster than loading an empty file (100 ms, measured)."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    scene = blend_file.begin()
    bpy.data.orphans_purge(do_recursive=True)
    return scene


def load_empty_file() -> bpy.types.Scene:
    """
    Load an empty file and return a new scene in it. Preferences and add-ons stay loaded.

    Unlike :func:`empty_file`, this removes everything that an earlier job may have left.
    """
    bpy.ops.wm.read_homefile(app_template="", use_empty=True, use_factory_startup=True)
    return blend_file.begin()


#: Whether the last job that began with :func:`next_empty_file` has left nothing but data-blocks.
_leaves_only_data = False


def next_empty_file() -> bpy.types.Scene:
    """
    Return a new scene in an empty file, as :func:`load_empty_file` does, for one of many jobs.

    If the last job has called :func:`leave_only_data`, its data-blocks are removed: then exactly those are left that an
    empty file has. This takes 0.3 ms, and loading a file 7 to 8 ms.
    """
    global _leaves_only_data
    is_known, _leaves_only_data = _leaves_only_data, False
    if is_known and len(bpy.data.user_map()) <= _MAX_REMOVED:
        scene = blend_file.begin()
        own = {scene, *bpy.data.screens, *bpy.data.workspaces, *bpy.data.window_managers}
        bpy.data.batch_remove([block for block in bpy.data.user_map() if block not in own])
        if own.issuperset(bpy.data.user_map()):
            return scene
    return load_empty_file()


def leave_only_data() -> None:
    """Say that the job has ended well, and has changed nothing in Blender but data-blocks of its own."""
    global _leaves_only_data
    _leaves_only_data = True


def write_result(job: Job[Any], output: Output) -> None:
    """Write ``output`` to the result file that ``job`` names, atomically."""
    path = Path(job.result_path)
    part = path.with_suffix(".part")
    part.write_text(job_json.write_output(output), encoding="utf-8")
    if _has_more_jobs:
        _end_with_parent(False)  # the result is followed by the next job, through the same pipe
    os.replace(part, path)


def watch_parent(jobs: "queue.SimpleQueue[str] | None" = None, *, own_folder: Path | None = None) -> None:
    """
    Start a thread that exits this process when the parent Blender has ended, which closes the pipe to standard input.

    :param jobs: queue that gets the lines read from standard input.
    :param own_folder: folder that is removed then, because nobody else will.
    """
    global _input_fd
    _input_fd = _taken_input()

    def wait() -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while block := os.read(_input_fd, 4096):
                *lines, rest = (rest + block).split(b"\n")
                if jobs is not None:
                    for line in lines:
                        jobs.put(os.fsdecode(line))
            if own_folder is not None:
                shutil.rmtree(own_folder, ignore_errors=True)
            os._exit(1)

    threading.Thread(target=wait, name="watch-parent", daemon=True).start()


def _taken_input() -> int:
    """
    Return a file descriptor of the pipe to standard input, and leave nothing to be read there.

    While a thread reads from a pipe, Windows lets every other one wait that asks anything about it. Some libraries ask
    what standard input is when they are loaded, such as numpy as pip installs it: its import never ended, and no model
    was converted (numpy issue 24290; seen with bpy 4.2.23 for Windows and numpy 1.26.4 under Wine 10).
    """
    taken = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        # Libraries with a C runtime of their own ask the system, which the one of Python need not have told.
        std_input_handle = ctypes.c_uint32(-10)
        ctypes.windll.kernel32.SetStdHandle(std_input_handle, ctypes.c_void_p(msvcrt.get_osfhandle(0)))
    return taken


#: File descriptor of the pipe to standard input.
_input_fd = 0
#: Whether this child takes several jobs.
_has_more_jobs = False


def _end_with_parent(is_wanted: bool) -> None:
    """
    Choose whether the system kills this process at once when the pipe to standard input is closed or written to.

    The thread of :func:`watch_parent` needs the interpreter's lock, which Blender's own code keeps for seconds, on a
    busy machine for minutes. Linux only; on Windows the parent's job object does the same, elsewhere there is that
    thread alone.
    """
    if not hasattr(fcntl, "F_SETSIG") or not stat.S_ISFIFO(os.fstat(_input_fd).st_mode):
        return
    with contextlib.suppress(OSError):
        flags = fcntl.fcntl(_input_fd, fcntl.F_GETFL)
        if not is_wanted:
            fcntl.fcntl(_input_fd, fcntl.F_SETFL, flags & ~os.O_ASYNC)
            return
        fcntl.fcntl(_input_fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(_input_fd, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(_input_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
        # The parent may have ended just before.
        poll = select.poll()
        poll.register(_input_fd, select.POLLHUP)
        if any(events & select.POLLHUP for _, events in poll.poll(0)):
            os._exit(1)


def _limit(memory_bytes: int) -> None:
    """
    Limit the memory, which is the address space on POSIX; there, disable core dumps and lower the priority as well.

    On Windows the parent has chosen the priority.
    """
    if sys.platform == "win32":
        import windows_job

        windows_job.limit_memory(memory_bytes)
        return
    import resource  # POSIX only

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        # A lower limit that was set from outside is kept: raising it above its hard limit fails.
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    _lower_priority()


def _lower_priority() -> None:
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            # Relative to the present priority: a child that runs many jobs must not sink lower with each.
            os.nice(max(0, 10 - os.nice(0)))
