# SPDX-License-Identifier: GPL-3.0-or-later
"""
Data that is written into an address: ``data:image/png;base64,…``.

Floor: first. Thread: any. No ``bpy``.
"""

import base64
import binascii
import urllib.parse

_SCHEME = "data:"


def is_data_uri(uri: object) -> bool:
    """Tell whether an address holds its data itself. As for all schemes, the case of its letters does not count."""
    return isinstance(uri, str) and uri[: len(_SCHEME)].lower() == _SCHEME and "," in uri


def decode(uri: str) -> tuple[str, bytes]:
    """
    Return the media type, in small letters and without its parameters, and the data (RFC 2397).

    Base64 is read as generously as Blender's importer does: what is no letter of it is passed over.

    :raises ValueError: it is no such address, or its base64 ends in the middle.
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
