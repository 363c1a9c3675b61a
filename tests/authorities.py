# SPDX-License-Identifier: GPL-3.0-or-later
"""
The certificates of the machine's authorities, read once for all clients of a process. Plain Python, no ``bpy``.

A client reads them for each of its threads, which takes longer than all its requests to a stand-in, and a stand-in
speaks plain http. What is believed is tested in ``tests/api/test_tls.py``, with clients that read for themselves.
"""

from __future__ import annotations

import functools
import os
import ssl

import pytest

from triverse_addon.api import requests_session, tls


def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients share what one of them has read, as long as the environment names the same certificates."""
    monkeypatch.setattr(requests_session, "secure_context", _shared)


def _shared() -> ssl.SSLContext:
    return _read(tuple(os.environ.get(name, "") for name in (*tls._BUNDLES, *tls._OPENSSL)))


@functools.cache
def _read(_named: tuple[str, ...]) -> ssl.SSLContext:
    return tls.secure_context()
