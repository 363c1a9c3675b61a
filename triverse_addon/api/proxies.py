# SPDX-License-Identifier: GPL-3.0-or-later
"""
The proxy by which an address is reached, the same one for requests and for the WebSocket.

Ground floor; any thread; no ``bpy``. Imports requests.
"""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from .errors import ConnectError
from .sentence import Sentence
from .urls import clean, is_loopback


def proxy_for(url: str) -> str | None:
    """
    Return the proxy that environment and system name for an https address; None: none.

    What is on this machine is not asked from a proxy.

    :raises ConnectError: it is a SOCKS proxy, and the library for these is not there. Nothing was sent.
    """
    if is_loopback(url):
        return None
    proxies = get_environ_proxies(url, no_proxy=None)
    # The systems' own settings name a SOCKS proxy under a key that requests does not look at: it would go past it.
    proxy = select_proxy(url, proxies) or proxies.get("socks")
    if not proxy:
        return None
    is_socks = proxy == proxies.get("socks") or proxy.lower().startswith("socks")
    if is_socks and find_spec("socks") is None:
        raise ConnectError(
            Sentence.of(
                "This computer is set to a SOCKS proxy ({proxy}), which Triverse cannot use. "
                "Name another kind of proxy in the variable HTTPS_PROXY, or the host {host} in NO_PROXY.",
                proxy=_shown(proxy),
                host=urlsplit(url).hostname or "",
            )
        )
    return proxy if "://" in proxy else f"http://{proxy}"


def _shown(proxy: str) -> str:
    """Return a proxy's host and port: what stands before them may be a password."""
    return clean(proxy.rpartition("@")[2].rpartition("//")[2], 80)
