# SPDX-License-Identifier: GPL-3.0-or-later
"""
What Windows is asked for when a process is limited, and that a refusal is no error.

That it kills a child with its parent is shown by ``python scripts/windows.py tests/blender/test_child_ends.py``. One:
``python scripts/test.py tests/scene/test_windows_job.py``.
"""

from __future__ import annotations

import pytest

from triverse_addon.scene.worker import windows_job


class Windows:
    """The functions of Windows that make jobs."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses
        self.asked: list[tuple[int, int, int]] = []
        self.CreateJobObjectW = lambda _security, _name: 77
        self.SetInformationJobObject = self.set_limits
        self.AssignProcessToJobObject = self.put

    def set_limits(self, job: int, kind: int, limits: object, size_bytes: int) -> bool:
        given = limits._obj  # type: ignore[attr-defined]
        # As winnt.h has it on 64 bits: the size, the flags at 16, the limit of one process at 112.
        assert (job, kind, size_bytes) == (77, 9, 144)
        raw = bytes(given)
        self.asked.append((int.from_bytes(raw[16:20], "little"), int.from_bytes(raw[112:120], "little"), 0))
        return True

    def put(self, job: int, process: int) -> bool:
        flags, memory_bytes, _ = self.asked[-1]
        self.asked[-1] = (flags, memory_bytes, process)
        return job == 77 and not self.refuses


@pytest.fixture(params=[False, True])
def windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Windows:
    """A Windows that does as it is asked, and one that refuses."""
    faked = Windows(refuses=request.param)
    monkeypatch.setattr(windows_job, "_kernel32", lambda: faked)
    monkeypatch.setattr(windows_job, "_last_error", lambda: PermissionError(13, "Access is denied"))
    for cached in (windows_job._job, windows_job.limit_memory):
        cached.cache_clear()
    return faked


def test_a_child_is_killed_with_this_process(windows: Windows, caplog: pytest.LogCaptureFixture) -> None:
    windows_job.end_with_this_process(11)
    assert windows.asked == [(0x2000, 0, 11)]
    windows_job.end_with_this_process(12)
    assert windows.asked == [(0x2000, 0, 12)], "there is one job for all children"
    assert ("Access is denied" in caplog.text) == windows.refuses


def test_the_memory_of_this_process_is_limited_once(windows: Windows, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        windows_job.limit_memory(6 * 1024**3)
    assert windows.asked == [(0x100, 6 * 1024**3, -1)]
    assert caplog.text.count("Access is denied") == windows.refuses
