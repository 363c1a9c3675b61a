# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which hosts a service may send the add-on to: none that is nearer than the service itself.

Ground floor; worker threads; no ``bpy``. A service on the internet has no reason to name a host in the local network.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from .addresses import Reach, reach_of_host, reach_of_number, reach_of_url
from .proxies import proxy_for
from .responses import too_near


class HostPolicy:
    """
    The hosts that may be contacted on behalf of one service.

    :param base_url: the checked service URL.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._reach: Reach | None = None

    def check(self, url: str) -> None:
        """
        Refuse a URL whose host is nearer than the service.

        :raises RefusedAddressError: the host is nearer.
        """
        if not self._allows(reach_of_url(url)):
            raise too_near(urlsplit(url).hostname or "")

    def allows_number(self, number: str) -> bool:
        """Return whether an IP address may be contacted, which the name of a host has led to."""
        return self._allows(reach_of_number(number))

    def _allows(self, reach: Reach) -> bool:
        return reach is Reach.PUBLIC or reach <= self._own_reach()

    def _own_reach(self) -> Reach:
        """Return the reach of the service. May block for a DNS look-up, so it is called by worker threads only."""
        if self._reach is None:
            host = urlsplit(self._base_url).hostname or ""
            found = reach_of_host(host)
            if found is Reach.PUBLIC and proxy_for(self._base_url) is None:
                try:
                    known = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                except OSError:
                    return found
                found = max(reach_of_number(str(one[4][0])) for one in known)
            self._reach = found
        return self._reach
