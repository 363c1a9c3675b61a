# SPDX-License-Identifier: GPL-3.0-or-later
"""
Interprets an HTTP response: returns its JSON object, or raises an error of `errors`.

Ground floor; any thread; no ``bpy``.

The service's ``code`` decides first and the HTTP status second: for instance, 403 stands both for an invalid key and
for too few credits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from .errors import (
    AuthenticationError,
    BadAnswerError,
    ContentViolationError,
    DuplicateError,
    InsufficientCreditsError,
    InvalidParametersError,
    NotFoundError,
    NothingToDownloadError,
    RefusedAddressError,
    ServiceError,
    TooManyRequestsError,
    UnavailableError,
    UnsupportedError,
    WrongAddressError,
    WrongStateError,
)
from .keys import redact
from .payloads import find_task_uuid
from .safe_json import parse_json
from .sentence import Sentence
from .service_codes import ServiceCode
from .urls import clean

MAX_RETRY_AFTER_S = 600.0
"""Longest wait accepted from a Retry-After header, so that a wrong header cannot delay a task for a day."""

_BY_CODE: Mapping[int, type[ServiceError]] = {
    ServiceCode.INVALID_PARAMETERS: InvalidParametersError,
    ServiceCode.RESOURCE_NOT_FOUND: NotFoundError,
    ServiceCode.TASK_NOT_FOUND: NotFoundError,
    ServiceCode.TOO_MANY_REQUESTS: TooManyRequestsError,
    ServiceCode.UNSUPPORTED_TASK: UnsupportedError,
    ServiceCode.UNSUPPORTED_FILE: UnsupportedError,
    ServiceCode.WRONG_STATE: WrongStateError,
    ServiceCode.CONTENT_VIOLATION: ContentViolationError,
    ServiceCode.INSUFFICIENT_CREDITS: InsufficientCreditsError,
    ServiceCode.NOTHING_TO_DOWNLOAD: NothingToDownloadError,
    ServiceCode.UNAVAILABLE: UnavailableError,
    ServiceCode.INVALID_FLOW: UnavailableError,
    ServiceCode.STATE_NOT_RECOVERED: UnavailableError,
}

_BY_STATUS: Mapping[int, type[ServiceError]] = {
    400: InvalidParametersError,
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: AuthenticationError,
    404: NotFoundError,
    408: UnavailableError,
    409: WrongStateError,
    410: NotFoundError,
    413: InvalidParametersError,
    415: UnsupportedError,
    422: InvalidParametersError,
    425: TooManyRequestsError,
    429: TooManyRequestsError,
}

_COMPRESSIONS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd", "dcb", "dcz"})

# With these codes the meaning is certain, even if the message happens to mention a duplicate.
_NEVER_DUPLICATE = frozenset(_BY_CODE) - {ServiceCode.INVALID_PARAMETERS, ServiceCode.WRONG_STATE}

#: What is said of a key that the service refuses.
REFUSED_KEY = Sentence.of("Triverse does not accept the API key. Check it in the preferences.")

_SENTENCES: Mapping[type[ServiceError], Sentence] = {
    InvalidParametersError: Sentence.of("Triverse does not accept this request. Check the settings."),
    NotFoundError: Sentence.of("Triverse does not know this task. It may have expired or belong to another account."),
    TooManyRequestsError: Sentence.of("Triverse is taking no more requests for the moment. It goes on by itself."),
    UnsupportedError: Sentence.of("Triverse does not support this kind of task or file."),
    WrongStateError: Sentence.of("The task is not in a state that permits this. Its status is read again."),
    ContentViolationError: Sentence.of(
        "Triverse refuses this because of its content rules. Change the prompt or the picture."
    ),
    AuthenticationError: REFUSED_KEY,
    InsufficientCreditsError: Sentence.of("There are not enough API credits for this. Add credits on the website."),
    NothingToDownloadError: Sentence.of("The task is done, but it has no file to download."),
    DuplicateError: Sentence.of("Triverse has this request already."),
    UnavailableError: Sentence.of("Triverse is not available at the moment. Try again in a few minutes."),
    ServiceError: Sentence.of("Triverse refused this request. Try again later."),
}

TOO_MANY_REQUESTS = _SENTENCES[TooManyRequestsError]
"""Message of a task that waits because of rate limiting. It is no failure, however often it occurs."""


@dataclass(frozen=True)
class _ErrorBody:
    """The parts of an error body that could be read."""

    code: int | None = None
    message: str = ""
    suggestion: str = ""
    task_uuid: str | None = None


def read_answer(
    http_status: int, headers: Mapping[str, str], body: bytes, *, key: str = "", service_url: str = ""
) -> Mapping[str, object]:
    """
    Return the JSON object of a successful response, including the envelope.

    :param http_status: the HTTP status code.
    :param headers: the response headers; names in any case.
    :param body: the decompressed body.
    :param key: the API key, which is removed from texts if the service repeats it.
    :param service_url: the service URL if the request was not about a task, so that 404 means a wrong URL; else "".
    :raises ServiceError: the HTTP status or the envelope's code reports an error.
    :raises BadAnswerError: a successful response that is no JSON object, or a redirect.
    """
    answer = _json_object(body, key)
    if 200 <= http_status < 300:
        if answer is None:
            raise not_an_answer()
        if code_of(answer.get("code")) in (None, 0):
            return answer
    elif http_status < 400:
        raise BadAnswerError(
            Sentence.of("The service address leads elsewhere. Check the service address in the preferences.")
        )
    error = service_error(http_status, headers, answer, key=key)
    if service_url and http_status in (404, 405) and error.code not in _BY_CODE:
        raise WrongAddressError(
            Sentence.of(
                "There is no Triverse at {url}. Check the service address: it usually ends with /api/v1.",
                url=service_url,
            ),
            http_status=http_status,
        )
    raise error


def is_compressed(headers: Mapping[str, str]) -> bool:
    """
    Return whether a body is compressed, by its Content-Encoding header.

    Storage repeats there what a file was stored under, such as nothing or "aws-chunked", which is no compression.

    :param headers: the response headers, whose names are found in any case.
    """
    labels = headers.get("Content-Encoding", "").lower().split(",")
    return not _COMPRESSIONS.isdisjoint(label.strip() for label in labels)


def not_an_answer() -> BadAnswerError:
    """Return the error for a response that does not follow this API: HTML, invalid JSON, nothing."""
    return BadAnswerError(
        Sentence.of(
            "What answered does not speak like Triverse. "
            "Check the network, any proxy, and the service address in the preferences."
        )
    )


def too_near(host: str) -> RefusedAddressError:
    """Return the error for a URL of the service whose host is nearer than the service itself."""
    return RefusedAddressError(
        Sentence.of(
            "The service names a file on {host}, which is this machine or in a private network. "
            "It is not fetched there.",
            host=clean(host, 100),
        )
    )


def elsewhere() -> RefusedAddressError:
    """Return the error for a URL of the service that must not be opened."""
    return RefusedAddressError(
        Sentence.of(
            "The service sends to an address that is not allowed. Check the service address in the preferences."
        )
    )


def service_error(
    http_status: int, headers: Mapping[str, str], answer: Mapping[str, object] | None, *, key: str = ""
) -> ServiceError:
    """
    Return the error that a response stands for.

    :param http_status: the HTTP status code.
    :param headers: the response headers.
    :param answer: the JSON object of the body; None if it is none.
    :param key: the API key, which is removed from texts.
    """
    said = _error_body(answer, key)
    retry_after_s = retry_after(headers)
    error_type: type[ServiceError]
    if http_status < 500 and _speaks_of_duplicate(said, http_status):
        return DuplicateError(
            _SENTENCES[DuplicateError],
            http_status=http_status,
            message=said.message,
            suggestion=said.suggestion,
            code=said.code,
            retry_after_s=retry_after_s,
            task_uuid=said.task_uuid,
        )
    if said.code is not None and said.code in _BY_CODE:
        error_type = _BY_CODE[said.code]
    else:
        error_type = UnavailableError if http_status >= 500 else _BY_STATUS.get(http_status, ServiceError)
    sentence = _SENTENCES[error_type]
    if said.message and error_type in (InvalidParametersError, UnsupportedError, ServiceError):
        sentence = Sentence.of("Triverse does not accept this request: {message}", message=said.message)
    return error_type(
        sentence,
        http_status=http_status,
        message=said.message,
        suggestion=said.suggestion,
        code=said.code,
        retry_after_s=retry_after_s,
    )


def error_type_of(code: int) -> type[ServiceError]:
    """Return the exception for an error code of the service, as of a failed task."""
    return _BY_CODE.get(code, ServiceError)


def code_of(value: object) -> int | None:
    """Return an error code given as a number or as text; None for anything else."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return int(value)
        except (ValueError, OverflowError):
            return None
    return None


def retry_after(headers: Mapping[str, str], *, now_s: float | None = None) -> float | None:
    """
    Return the waiting time in seconds of a Retry-After header: seconds or an HTTP date, at most `MAX_RETRY_AFTER_S`.

    A date is compared with the response's own Date header if there is one, so that a wrong local clock has no effect.

    :param headers: the response headers; names in any case.
    :param now_s: the current time in epoch seconds, for tests.
    """
    values = {name.lower(): value for name, value in headers.items()}
    text = values.get("retry-after", "").strip()
    if not text:
        return None
    try:
        wait_s = float(text)
    except ValueError:
        until_s = _http_date(text)
        if until_s is None:
            return None
        answered_s = _http_date(values.get("date", ""))
        wait_s = until_s - (answered_s if answered_s is not None else time.time() if now_s is None else now_s)
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(wait_s) else None


# -----------------------------------------------------------------------------
# Details


def _json_object(body: bytes, key: str) -> Mapping[str, object] | None:
    try:
        answer = parse_json(body, key=key)
    except (ValueError, RecursionError):  # neither JSON nor UTF-8, or nested too deeply
        return None
    return answer if isinstance(answer, dict) else None


def _error_body(answer: Mapping[str, object] | None, key: str) -> _ErrorBody:
    if answer is None:
        return _ErrorBody()
    inner = answer
    nested = answer.get("error")
    if isinstance(nested, Mapping) and "message" not in answer:
        inner = nested
    detail = answer.get("detail")
    if isinstance(detail, Mapping) and "message" not in answer:
        inner, detail = detail, None
    message = inner.get("message") or inner.get("msg") or _detail_text(detail) or (nested if inner is answer else "")
    suggestion = inner.get("suggestion")
    code = code_of(inner.get("code"))
    return _ErrorBody(
        code=code if code is not None else code_of(answer.get("code")),
        message=_said(message, key),
        suggestion=_said(suggestion, key),
        task_uuid=find_task_uuid(answer),
    )


def _detail_text(detail: object) -> str:
    """Return the text of a ``detail`` without envelope: a string, or a list of ``{"loc": [...], "msg": "..."}``."""
    if isinstance(detail, str):
        return detail
    texts: list[str] = []
    for entry in detail if isinstance(detail, list) else []:
        if isinstance(entry, Mapping) and isinstance(entry.get("msg"), str):
            place = entry.get("loc")
            names = [name for name in place if isinstance(name, str)] if isinstance(place, list) else []
            if names[:1] == ["body"]:  # part of the request that was validated; does not help a user
                del names[0]
            texts.append(": ".join([".".join(names), entry["msg"]]) if names else entry["msg"])
        elif isinstance(entry, str):
            texts.append(entry)
    return "; ".join(texts[:8])


def _said(value: object, key: str) -> str:
    # Redact before truncating, or a part of a truncated key would remain.
    return clean(redact(value, key)) if isinstance(value, str) else ""


def _speaks_of_duplicate(said: _ErrorBody, http_status: int) -> bool:
    if said.code in _NEVER_DUPLICATE or http_status < 400:
        return False
    words = f"{said.message} {said.suggestion}".lower()
    if any(word in words for word in ("client_order_id", "duplicate", "idempoten")):
        return True
    return http_status == 409 and said.task_uuid is not None and said.code is None


def _http_date(text: str) -> float | None:
    # Up to Python 3.11 it imports socket, and the panel needs this module when Blender starts.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
