# SPDX-License-Identifier: GPL-3.0-or-later
"""
Limits of processes on Windows, where they belong to a job object and not to the process.

Floor: second. Thread: any, in Blender and in its child. No ``bpy``, and nothing of this package: the child loads it as
a plain module.

The structures and numbers are those of Microsoft's ``winnt.h``. A process may be in several jobs, one inside the other,
since Windows 8: so it does not matter if whoever started Blender, such as a farm, put it into one.
"""

import ctypes
import functools
import logging
from typing import Any

_log = logging.getLogger(__name__)

_EXTENDED_LIMIT_INFORMATION = 9
_LIMIT_PROCESS_MEMORY = 0x100
_LIMIT_KILL_ON_JOB_CLOSE = 0x2000


class _ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_user_time_limit", ctypes.c_int64),
        ("job_user_time_limit", ctypes.c_int64),
        ("limit_flags", ctypes.c_uint32),
        ("minimum_working_set_bytes", ctypes.c_size_t),
        ("maximum_working_set_bytes", ctypes.c_size_t),
        ("active_process_limit", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_uint32),
        ("scheduling_class", ctypes.c_uint32),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory_limit_bytes", ctypes.c_size_t),
        ("job_memory_limit_bytes", ctypes.c_size_t),
        ("peak_process_memory_bytes", ctypes.c_size_t),
        ("peak_job_memory_bytes", ctypes.c_size_t),
    )


def end_with_this_process(process_handle: int) -> None:
    """
    Let Windows kill a process when this one has ended, however it ended.

    :param process_handle: Windows' handle of the process.
    """
    _put(process_handle, _LIMIT_KILL_ON_JOB_CLOSE, 0)


@functools.cache
def limit_memory(memory_bytes: int) -> None:
    """Limit the memory that this process may have at one time, to ``memory_bytes``. Only the first call does it."""
    this_process = -1
    _put(this_process, _LIMIT_PROCESS_MEMORY, memory_bytes)


def _put(process_handle: int, flags: int, memory_bytes: int) -> None:
    """Put a process into a job with the limits of ``flags``. Where Windows refuses, the process goes on without."""
    try:
        if not _kernel32().AssignProcessToJobObject(_job(flags, memory_bytes), process_handle):
            raise _last_error()
    except OSError as error:
        _log.warning("No limits for a process (%#x): %s", flags, error)


@functools.cache
def _job(flags: int, memory_bytes: int) -> int:
    """
    Return the handle of a job, which stays open until this process has ended: its limits go with its last handle.

    :raises OSError: Windows cannot make it.
    """
    kernel32 = _kernel32()
    limits = _ExtendedLimits(limit_flags=flags, process_memory_limit_bytes=memory_bytes)
    job = kernel32.CreateJobObjectW(None, None)
    if not job or not kernel32.SetInformationJobObject(
        job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
    ):
        raise _last_error()
    return int(job)


@functools.cache
def _kernel32() -> Any:
    """Return Windows' library, with the types of the functions that are called here."""
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    handle = ctypes.c_void_p
    kernel32.CreateJobObjectW.argtypes, kernel32.CreateJobObjectW.restype = (handle, ctypes.c_wchar_p), handle
    kernel32.SetInformationJobObject.argtypes = (handle, ctypes.c_int, handle, ctypes.c_uint32)
    kernel32.AssignProcessToJobObject.argtypes = (handle, handle)
    return kernel32


def _last_error() -> OSError:
    return ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined,unused-ignore,no-any-return]
