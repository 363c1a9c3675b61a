# SPDX-License-Identifier: GPL-3.0-or-later
"""
Converts exceptions of the network libraries into our own.

Ground floor; worker threads; no ``bpy``. Imports requests and urllib3.
"""

from __future__ import annotations

import http.client

import requests
import urllib3

from .cancellable_http import Guard
from .errors import ConnectError, ConnectionLostError, StalledError, TransportError
from .responses import not_an_answer, too_near
from .sentence import Sentence
from .tls import certificate_problem, is_tls_problem, no_secure_connection

NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,  # invalid URLs and headers, also those of a redirect
)
"""All exceptions that ``requests`` and the layers below it raise when the network fails."""


class StaleConnectionError(ConnectionLostError):
    """A kept-alive connection broke before the response was complete."""


def to_transport_error(error: Exception | None, guard: Guard) -> TransportError:
    """
    Return the error for a failed request. It keeps no reference to ``error``, which holds the request and its headers.

    Raise the result outside of the ``except`` block, or ``error`` stays reachable as its ``__context__``.

    :param error: one of `NETWORK_ERRORS`; None if the guard cancelled the request and no exception was raised.
    :param guard: the guard of the request, which knows whether a connection was made and who cancelled it.
    """
    if guard.cancelled_by == "close":
        return ConnectionLostError(
            Sentence.of("The request was ended because the connection was closed."), sent=guard.connected
        )
    if guard.cancelled_by == "deadline":
        return _stalled(sent=guard.connected)
    if guard.refused_address:
        return too_near(guard.host)
    if not guard.connected:
        return ConnectError(_why_no_connection(error, guard.host))
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)):
        return _stalled(sent=True)
    if isinstance(error, (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)):
        return not_an_answer()
    lost = Sentence.of("The connection to Triverse broke off. Check the network.")
    return StaleConnectionError(lost) if guard.reused else ConnectionLostError(lost)


def _stalled(*, sent: bool) -> StalledError:
    return StalledError(Sentence.of("Triverse takes too long to answer. Try again later."), sent=sent)


def _why_no_connection(error: Exception | None, host: str) -> Sentence:
    certificate = certificate_problem(error, host)
    if certificate is not None:
        return certificate
    if isinstance(error, requests.exceptions.ProxyError):
        return Sentence.of("The proxy of this network does not let Blender through to Triverse. Check its settings.")
    if is_tls_problem(error) or isinstance(error, (requests.exceptions.SSLError, urllib3.exceptions.SSLError)):
        return no_secure_connection(host)
    if isinstance(error, requests.Timeout):
        return Sentence.of("Triverse could not be reached in time. Check the network, or try again later.")
    return Sentence.of("Triverse cannot be reached. Check the network and the service address in the preferences.")
