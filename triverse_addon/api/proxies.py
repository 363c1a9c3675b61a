# SPDX-License-Identifier: GPL-3.0-or-later
"""
Selects the proxy for a URL, the same one for HTTP requests and for the WebSocket.

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
    Return the proxy that environment or system settings define for an https URL; None if there is none.

    No proxy is used for this machine.

    :raises ConnectError: it is a SOCKS proxy, and the library for these is not installed. Nothing was sent.
    """
    return _proxy_of(url, proxies_for(url))


def proxies_for(url: str) -> dict[str, str]:
    """
    Return the proxies for a URL in the form that requests takes, see `proxy_for`.

    Environment and system settings are read once for this, where requests, left to itself, reads them again with each
    request; that takes more time than all else that it does.

    :raises ConnectError: see `proxy_for`.
    """
    if is_loopback(url):
        return {}
    proxies = dict(get_environ_proxies(url, no_proxy=None))
    _proxy_of(url, proxies)
    return proxies


def _proxy_of(url: str, proxies: dict[str, str]) -> str | None:
    """Return which of ``proxies`` is the one for a URL, see `proxy_for`."""
    # System settings store a SOCKS proxy under a key that requests ignores: it would then bypass the proxy.
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
    """Return a proxy's host and port, without the user name and password that may precede them."""
    return clean(proxy.rpartition("@")[2].rpartition("//")[2], 80)
