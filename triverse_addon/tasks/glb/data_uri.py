# SPDX-License-Identifier: GPL-3.0-or-later
"""
Decodes data URIs: ``data:image/png;base64,…``.

Floor: first. Thread: any. No ``bpy``.
"""

import base64
import binascii
import urllib.parse

_SCHEME = "data:"


def is_data_uri(uri: object) -> bool:
    """Return whether a URI is a data URI. The scheme is case-insensitive, as for all URIs."""
    return isinstance(uri, str) and uri[: len(_SCHEME)].lower() == _SCHEME and "," in uri


def decode(uri: str) -> tuple[str, bytes]:
    """
    Return the media type, in lower case and without its parameters, and the data (RFC 2397).

    Base64 is decoded as tolerantly as in Blender's importer: other characters are ignored.

    :raises ValueError: it is no data URI, or its base64 is truncated.
    """
    if not is_data_uri(uri):
        raise ValueError("no data URI")
    head, _, text = uri[len(_SCHEME) :].partition(",")
    media_type, *parameters = head.lower().split(";")
    if not any(parameter.strip() == "base64" for parameter in parameters):
        return media_type.strip(), urllib.parse.unquote_to_bytes(text)
    try:
        return media_type.strip(), base64.b64decode(urllib.parse.unquote_to_bytes(text))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
