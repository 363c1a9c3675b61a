# SPDX-License-Identifier: GPL-3.0-or-later
"""
The error codes of the service.

Ground floor; any thread; no ``bpy``. Source: the error table of the API page.
"""

from __future__ import annotations

from enum import IntEnum


class ServiceCode(IntEnum):
    """Values of ``code`` in an error body. Codes that are not listed here stay plain integers."""

    INVALID_PARAMETERS = 1004
    RESOURCE_NOT_FOUND = 1005
    TASK_NOT_FOUND = 1006
    TOO_MANY_REQUESTS = 2000
    UNSUPPORTED_TASK = 2002
    UNSUPPORTED_FILE = 2004
    WRONG_STATE = 2005
    CONTENT_VIOLATION = 2008
    INSUFFICIENT_CREDITS = 2010
    NOTHING_TO_DOWNLOAD = 4042
    UNAVAILABLE = 5003
    INVALID_FLOW = 5004
    STATE_NOT_RECOVERED = 5005
