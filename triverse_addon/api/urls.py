# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks and builds URLs, and removes the key from texts.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, urlencode, urlsplit

from .errors import InputError, RefusedAddressError
from .sentence import Sentence

#: Default of ``TRIVERSE_API_URL``.
DEFAULT_API_URL = "https://api.triverse.ai/api/v1"

#: Patterns are compiled when first used, by ``re``, which keeps them: register() imports this module.
_TASK_UUID = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}"
_ORDER_ID = r"[A-Za-z0-9_-]{1,64}"
_CONTROL = r"[\x00-\x20\x7f]"
_TOKEN = r"(?i)\b(token|key|api_key|apikey|access_token|authorization)=[^&\s\"'<>]+"
_BEARER = r"(?i)\bbearer(?:\s|%20|\+)+[^\s\"',;]+"
_HIDDEN = "…"
_PORTS = {"https": 443, "http": 80}


@lru_cache(maxsize=8)
def is_loopback(url: str) -> bool:
    """
    Return whether ``url`` names this machine: ``localhost``, 127.0.0.0/8 or ``::1``.

    Host names are not resolved.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return _is_loopback_host(host)


def _is_loopback_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(url: str) -> str:
    """
    Return the service URL, without a trailing slash.

    :raises InputError: (field ``api_url``) the text is no https URL. Plain http is allowed for this machine only,
        because the key would be sent unencrypted.
    """
    text = url.strip()
    problem = _problem(text)
    if problem is None and (urlsplit(text).query or urlsplit(text).fragment):
        problem = Sentence.of("The service address must not have a part after ? or #: {url}", url=_shown(text))
    if problem is not None:
        raise InputError(problem, field="api_url")
    return text.rstrip("/")


def check_asset_url(url: str) -> str:
    """
    Return the URL of a file that the service named, if it may be opened.

    :raises RefusedAddressError: it is no URL, or neither https nor http on this machine.
    """
    problem = _problem(url)
    if problem is not None:
        raise RefusedAddressError(problem)
    return url


def _problem(url: str) -> Sentence | None:
    if not url or re.search(_CONTROL, url):
        return Sentence.of("This is not a web address: {url}", url=_shown(url))
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises ValueError for an invalid port
        host.encode("idna" if not host.isascii() else "ascii")
    except ValueError:  # includes UnicodeError
        return Sentence.of("This is not a web address: {url}", url=_shown(url))
    if not host or parts.scheme not in ("https", "http"):
        return Sentence.of("This is not an https address: {url}", url=_shown(url))
    if parts.username is not None or parts.password is not None:
        return Sentence.of("A web address must not carry a user name or password: {url}", url=_shown(url))
    if parts.scheme == "http" and not _is_loopback_host(host):
        return Sentence.of("Only https addresses are used, so that nobody can listen: {url}", url=_shown(url))
    return None


def same_host(first: str, second: str) -> bool:
    """Return whether two URLs have the same scheme, host and port."""
    return _origin(first) == _origin(second)


def origin_of(url: str) -> str:
    """Return the origin (scheme, host and port) of a URL as text; "" if it is no URL."""
    try:
        scheme, host, port = _origin(url.strip())
    except ValueError:
        return ""
    if not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port == _PORTS.get(scheme) else f":{port}")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def check_task_uuid(text: str) -> str:
    """
    Return a task's UUID without surrounding spaces.

    The format of UUIDs is not documented, so any word of up to 128 letters, digits, ``_``, ``-`` and ``.`` is accepted.
    The UUID is used in URLs and file names.

    :raises InputError: (field ``task_uuid``) the text cannot be a UUID.
    """
    word = text.strip()
    if not re.fullmatch(_TASK_UUID, word):
        raise InputError(Sentence.of("This is not the UUID of a task: {text}", text=clean(word, 60)), field="task_uuid")
    return word


def check_order_id(order_id: str, *, field: str = "client_order_id") -> str:
    """
    Return the ``client_order_id`` of an order.

    :raises InputError: (``field``) it cannot be one.
    """
    if not re.fullmatch(_ORDER_ID, order_id):
        raise InputError(Sentence.of("The order number must have 1 to 64 letters, digits, _ or -."), field=field)
    return order_id


def websocket_url(base_url: str, api_key: str, *, task_uuid: str | None = None, since_s: float | None = None) -> str:
    """
    Return the WebSocket URL that watches one task, or all of the user's tasks if ``task_uuid`` is None.

    The service requires the key in the URL: never show or log it; see `keys.redact`.

    :param since_s: for all tasks only: send tasks created (older servers: updated) after this time, in epoch seconds.
    """
    secure, rest = check_base_url(base_url).split(":", 1)
    query = {"token": api_key}
    if task_uuid is None and since_s is not None:
        query["since"] = utc_text(since_s)
    scheme = "wss" if secure == "https" else "ws"
    return f"{scheme}:{rest}/tasks/watch/{quote(task_uuid or 'all', safe='')}?{urlencode(query)}"


def utc_text(epoch_s: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC with ``Z``, the format of the service."""
    from .calendar import utc  # register() imports this module, and nothing else that needs datetime

    return utc(epoch_s).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -----------------------------------------------------------------------------
# Cleaning texts


def hide_tokens(text: str) -> str:
    """Return ``text`` with everything that looks like a key replaced."""
    return re.sub(_BEARER, f"Bearer {_HIDDEN}", re.sub(_TOKEN, rf"\1={_HIDDEN}", text))


def clean(text: str, limit: int = 500) -> str:
    """Return an external text in one line, without control or invisible characters, of at most ``limit`` characters."""
    words = " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in text[: limit * 8]).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _shown(url: str) -> str:
    """Return a URL for messages: without query and fragment, which may contain a signature, and without password."""
    return hide_tokens(clean(re.sub(r"//[^/@]*@", "//", url.split("?", 1)[0].split("#", 1)[0]), 200))
