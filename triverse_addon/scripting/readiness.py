# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks that requests can be sent, before anything is stored or ordered.

Floor: between second and third. Thread: main. No ``bpy``.
"""

from ..api.errors import OfflineError
from ..api.libraries import needing
from ..api.urls import check_base_url, is_loopback
from ..tasks.settings import Settings


def check_ready(settings: Settings) -> None:
    """
    Check that requests can be sent with these settings.

    :raises InputError: the service URL is invalid.
    :raises OfflineError: online access is off, and the service is not on this machine.
    :raises KeyMissingError: no key is set, or it was entered for another service.
    :raises ConnectError: the configured proxy cannot be used.
    :raises LibraryError: a loaded library is incompatible.
    """
    check_base_url(settings.api_url)
    if not settings.online and not is_loopback(settings.api_url):
        raise OfflineError("command_line" if settings.offline_by == "command_line" else "preference")
    settings.check_key()
    with needing("requests", "urllib3"):
        from ..api.proxies import proxy_for  # lazy import: loads requests

    proxy_for(settings.api_url)
