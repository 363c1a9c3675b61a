# SPDX-License-Identifier: GPL-3.0-or-later
"""
Network reach of an address: the internet, a private network, or this machine.

Ground floor; any thread; no ``bpy``.

URLs that others name (files of a finished task, redirects, images in a table) must not lead to a host that is nearer
than the service itself (protection against server-side request forgery). Unusual spellings of IP addresses count as
this machine, because libraries disagree on what ``0177.1`` or ``2130706433`` means.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from enum import IntEnum
from urllib.parse import unquote, urlsplit

from .errors import InputError
from .sentence import Sentence

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTS = str.maketrans({"。": ".", "｡": ".", "．": "."})
_HERE = ("localhost", "localhost6", "ip6-localhost", "ip6-loopback", "localdomain", "localdomain6")
_PRIVATE_ZONES = ("local", "internal", "intranet", "lan", "home", "corp", "arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network) for network in ("100.64.0.0/10", "192.0.0.0/24", "64:ff9b:1::/48", "fec0::/10")
)
"""Networks that some of Blender's Pythons call global: shared, protocol assignments, local NAT64, old site-local."""


class Reach(IntEnum):
    """Where the host at an address is. A higher value is nearer."""

    PUBLIC = 0
    PRIVATE = 1
    HERE = 2
    """This machine, or its link-local network, where cloud machines serve their secrets."""


def reach_of_url(url: str) -> Reach:
    """Return the reach of a URL from its text, without a DNS look-up; `Reach.HERE` for a URL that cannot be parsed."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return Reach.HERE
    return reach_of_host(host)


def reach_of_host(host: str) -> Reach:
    """Return the reach of a host name or IP address from its text, without a DNS look-up."""
    name = unicodedata.normalize("NFKC", unquote(host).translate(_DOTS)).translate(_DOTS)
    name = name.strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        return reach_of_number(name)
    except ValueError:
        pass
    labels = name.split(".")
    if not name or ":" in name or _NUMBER.fullmatch(labels[-1]) or labels[-1] in _HERE:
        return Reach.HERE
    return Reach.PRIVATE if len(labels) == 1 or labels[-1] in _PRIVATE_ZONES else Reach.PUBLIC


def reach_of_number(number: str) -> Reach:
    """
    Return the reach of an IP address. An IPv6 address that embeds an IPv4 address has the reach of the latter.

    6to4 (2002::/16) is never public: it is not in use any more (RFC 7526), and not global for newer Pythons.

    :raises ValueError: ``number`` is no IP address in its usual form.
    """
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (inner := _inner(address)) is not None:
        return max(reach_of_number(str(inner)), Reach.PRIVATE if address.sixtofour else Reach.PUBLIC)
    if address.is_loopback or address.is_unspecified or address.is_link_local:
        return Reach.HERE
    if not address.is_global or address.is_multicast or address.is_reserved:
        return Reach.PRIVATE
    if any(address in network for network in _NOT_PUBLIC):
        return Reach.PRIVATE
    return Reach.PUBLIC


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64 or 1 < int(address) < 1 << 32:  # the second range: "IPv4-compatible"
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def check_image_address(url: str, service_url: str, *, field: str) -> None:
    """
    Check that the service can fetch an image from this URL.

    :raises InputError: (``field``) the text is no URL, contains a user name or password, or leads to this machine or a
        private network while the service is farther away.
    """
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.username is None and parts.password is None
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError:
        is_address = False
    if not is_address or reach_of_url(url) > reach_of_url(service_url):
        raise InputError(
            Sentence.of("Triverse cannot fetch a picture from this address. Save the picture, and choose the file."),
            field=field,
        )
