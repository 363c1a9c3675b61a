# SPDX-License-Identifier: GPL-3.0-or-later
"""What an HTTP answer means: each class of error, and the shapes it can come in. Plain Python, no ``bpy``."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import errors
from triverse_addon.api.errors import BadAnswerError, DuplicateError, ServiceError, TriverseError
from triverse_addon.api.responses import MAX_RETRY_AFTER_S, read_answer, retry_after

UUID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
KEY = "tv-secret-key-1234567890"


def refused(http_status: int, body: object = None, headers: dict[str, str] | None = None) -> ServiceError:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    with pytest.raises(ServiceError) as caught:
        read_answer(http_status, headers or {}, data, key=KEY)
    return caught.value


@pytest.mark.parametrize(
    ("code", "http_status", "kind"),
    [
        (1004, 400, errors.InvalidParametersError),
        (1005, 404, errors.NotFoundError),
        (1006, 404, errors.NotFoundError),
        (2000, 429, errors.TooManyRequestsError),
        (2002, 400, errors.UnsupportedError),
        (2004, 400, errors.UnsupportedError),
        (2005, 409, errors.WrongStateError),
        (2008, 400, errors.ContentViolationError),
        (2010, 403, errors.InsufficientCreditsError),
        (4042, 404, errors.NothingToDownloadError),
        (5003, 503, errors.UnavailableError),
        (5004, 500, errors.UnavailableError),
        (5005, 500, errors.UnavailableError),
        # The code decides, whatever the status is, and be it text.
        ("2010", 403, errors.InsufficientCreditsError),
        (2008, 403, errors.ContentViolationError),
        (2000, 200, errors.TooManyRequestsError),
        (1006, 500, errors.NotFoundError),
    ],
)
def test_the_code_decides(code: object, http_status: int, kind: type[ServiceError]) -> None:
    error = refused(http_status, {"code": code, "message": "a reason", "suggestion": "a way out"})
    assert type(error) is kind
    assert (error.code, error.http_status) == (int(str(code)), http_status)
    assert (error.message, error.suggestion) == ("a reason", "a way out")


@pytest.mark.parametrize(
    "body", [None, b"<html>nginx</html>", b"\xff\xfe", {"detail": "x"}, {"code": 77}, {"code": 0}, [1]]
)
@pytest.mark.parametrize(
    ("http_status", "kind"),
    [
        (400, errors.InvalidParametersError),
        (401, errors.AuthenticationError),
        (402, errors.InsufficientCreditsError),
        (403, errors.AuthenticationError),
        (404, errors.NotFoundError),
        (408, errors.UnavailableError),
        (409, errors.WrongStateError),
        (410, errors.NotFoundError),
        (413, errors.InvalidParametersError),
        (415, errors.UnsupportedError),
        (418, ServiceError),
        (422, errors.InvalidParametersError),
        (429, errors.TooManyRequestsError),
        (500, errors.UnavailableError),
        (502, errors.UnavailableError),
        (504, errors.UnavailableError),
    ],
)
def test_without_a_known_code_the_status_decides(http_status: int, kind: type[ServiceError], body: object) -> None:
    assert type(refused(http_status, body)) is kind


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": "Not authenticated"}, "Not authenticated"),
        ({"detail": [{"loc": ["body", "prompt"], "msg": "too short"}, {"msg": "bad"}]}, "prompt: too short; bad"),
        ({"detail": {"code": 1004, "message": "too short"}}, "too short"),
        ({"error": {"message": "too short"}}, "too short"),
        ({"error": "too short"}, "too short"),
        ({"message": "a\x00b\x1b[0m\nc"}, "ab[0m c"),
        ({"message": ["no", "text"]}, ""),
        ({"detail": [3, None, {"loc": "x"}]}, ""),
    ],
)
def test_words_are_found_wherever_they_are(body: object, message: str) -> None:
    error = refused(422, body)
    assert error.message == message
    assert message in str(error)


def test_words_are_cut_and_never_repeat_the_key() -> None:
    error = refused(400, {"message": "x" * 495 + KEY, "suggestion": f"Bearer {KEY} is wrong"})
    assert len(error.message) <= 500
    for text in (error.message, error.suggestion, str(error)):
        assert KEY not in text
        assert "tv-" not in text


@pytest.mark.parametrize(
    ("http_status", "body"),
    [
        (409, {"code": 3001, "message": "client_order_id o-1 was used before", "data": {"task_uuid": UUID}}),
        (400, {"code": 1004, "message": "Duplicate request", "task_uuid": UUID}),
        (422, {"detail": {"message": "duplicate", "task_uuid": UUID}}),
        (409, {"task_uuid": UUID}),
    ],
)
def test_a_duplicate_names_its_task(http_status: int, body: object) -> None:
    error = refused(http_status, body)
    assert isinstance(error, DuplicateError)
    assert error.task_uuid == UUID


def test_what_is_no_duplicate() -> None:
    assert isinstance(
        refused(403, {"code": 2010, "message": "no credits for this duplicate"}), errors.InsufficientCreditsError
    )
    assert isinstance(refused(500, {"message": "duplicate key in database"}), errors.UnavailableError)
    assert isinstance(refused(409, {"code": 2005, "task_uuid": UUID}), errors.WrongStateError)
    lone = refused(409, {"message": "duplicate"})
    assert isinstance(lone, DuplicateError)
    assert lone.task_uuid is None


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"null", b"[]", b"3", b'{"code": 0, "data": {"t', b"[" * 100_000]
)
@pytest.mark.parametrize("http_status", [200, 201, 204])
def test_a_success_that_is_no_object_is_no_answer(http_status: int, body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read_answer(http_status, {}, body)


@pytest.mark.parametrize("http_status", [301, 302, 304, 307])
def test_a_redirect_is_no_answer(http_status: int) -> None:
    with pytest.raises(BadAnswerError):
        read_answer(http_status, {"Location": "https://elsewhere/"}, b"{}")


@pytest.mark.parametrize(
    "body", [{"code": 0, "data": {}}, {"code": "0"}, {"task_uuid": UUID}, {"code": None}, {"code": "ok"}]
)
def test_successes(body: dict[str, object]) -> None:
    assert read_answer(200, {}, json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "86400"}, MAX_RETRY_AFTER_S),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Fri, 01 May 2026 10:00:30 GMT"}, 30.0),
        ({"Retry-After": "Fri, 01 May 2026 10:00:30 GMT", "Date": "Fri, 01 May 2026 10:00:20 GMT"}, 10.0),
        ({"Retry-After": "Fri, 01 May 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sat, 01 May 2027 10:00:00 GMT"}, MAX_RETRY_AFTER_S),
    ],
)
def test_retry_after(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after(headers, now_s=1_777_629_600.0) == wait_s


def test_errors_carry_how_long_to_wait() -> None:
    assert refused(429, {"code": 2000}, {"Retry-After": "3"}).retry_after_s == 3.0
    assert refused(503, b"<html>", {"RETRY-AFTER": "4"}).retry_after_s == 4.0
    assert refused(429).retry_after_s is None


@given(st.integers(200, 599), st.dictionaries(st.sampled_from(["Retry-After", "Date"]), st.text()), st.binary())
def test_any_answer_is_read_or_refused(http_status: int, headers: dict[str, str], body: bytes) -> None:
    try:
        answer = read_answer(http_status, headers, body)
    except TriverseError as error:
        said = str(error)
    else:
        said = repr(answer)
    assert said


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["duplicate", UUID]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "suggestion", "detail", "error", "loc", "msg", "data", "task_uuid"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.integers(400, 599), VALUES)
def test_any_error_body_gives_an_error_in_words(http_status: int, body: object) -> None:
    error = refused(http_status, body)
    assert str(error)
    assert len(error.message) <= 500
    assert error.message.isprintable()
