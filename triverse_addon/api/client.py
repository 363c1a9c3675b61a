# SPDX-License-Identifier: GPL-3.0-or-later
"""
The HTTP client of the service: one method for each endpoint.

Ground floor; worker threads; no ``bpy``. Imports requests, so it is imported when the first request is made.

Guarantees:

- The key is sent to the origin of the service URL and nowhere else: redirects are followed by this package itself, and
  files on other hosts are fetched without the key. It appears in no exception, log or `repr`.
- Each method returns or raises within a bounded time: there are timeouts for connecting and for each read, and a
  deadline for the whole response, which a server that sends single bytes cannot extend. `Client.close` cancels requests
  in progress.
- Only reading requests are retried, once, when a kept-alive connection turns out to be stale. The creation of a task is
  never retried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote as quote_path

from . import payloads
from .errors import InputError, InvalidParametersError
from .flows import JSON, Field, Kind, flow_named, priced_params, request_params
from .http_session import UPLOAD_ANSWER_S, HttpSession, Opened, Request
from .keys import check_key
from .multipart import MultipartFile, Progress
from .payloads import Account, Balance, Created, Links, Quote, TaskStatus
from .responses import not_an_answer
from .sentence import Sentence
from .upload_checks import check_image, check_model
from .urls import check_asset_url, check_base_url, check_order_id, check_task_uuid

if TYPE_CHECKING:
    import requests

_STAND_IN_WORDS = "a thing"
"""Placeholder prompt for price quotes, so that no text of the user is sent."""


class Client:
    """
    A client of the service with one API key. Thread-safe; a context manager.

    :param base_url: the service URL, see `urls.check_base_url`.
    :param api_key: the key, see `keys.check_key`.
    :param version: the add-on's version, for the User-Agent header.
    :param connect_timeout_s: timeout for making a connection, in seconds.
    :param read_timeout_s: timeout for each read, in seconds.
    :raises KeyMissingError: the key is empty.
    :raises InputError: the URL or the key is invalid.

    All methods raise `TransportError` and `ServiceError`, and `InputError` for values that cannot be sent.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        version: str = "0",
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        self.base_url = check_base_url(base_url)
        self._http = HttpSession(
            self.base_url,
            check_key(api_key),
            user_agent=f"Triverse-Blender/{version}",
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
        )

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Cancel all requests in progress, including file downloads. May be called from any thread.

        Threads that wait for a response get `ConnectionLostError` at once, and so do all later requests.
        """
        self._http.close()

    # -------------------------------------------------------------------------
    # Tasks

    def create(
        self,
        flow_name: str,
        params: Mapping[str, JSON],
        *,
        client_order_id: str,
        allow_duplicate: bool = False,
    ) -> Created:
        """
        Create a task: ``POST /tasks/<flow>``.

        This reserves credits, so the request is sent once and never retried here.
        :param params: the result of `flows.check`, and the file keys of the sources by field name.
        :param client_order_id: the idempotency key, 1 to 64 letters, digits, ``_`` and ``-``.
        :param allow_duplicate: create the task even if an equal request was sent shortly before.
        :raises TransportError: its attribute ``sent`` says whether the service may have received the request.
        :raises DuplicateError: the service already has this request.
        """
        check_order_id(client_order_id)
        body = request_params(flow_name, params)
        body["client_order_id"] = client_order_id
        if allow_duplicate:
            body["allow_duplicate"] = True
        self._http.drop_idle_connections()
        request = Request("POST", f"{self.base_url}/tasks/{flow_named(flow_name).name}", json=body)
        return payloads.parse_created(self._http.json(request))

    def status(self, task_uuid: str, *, extra_header: str | None = None) -> TaskStatus:
        """
        Return the status of a task: ``GET /tasks/{task_uuid}``.

        :param extra_header: the header name in `Created.read_header`. Its value is not documented.
        """
        headers = {extra_header: "true"} if extra_header else {}
        return payloads.parse_status(self._get(f"/tasks/{_segment(task_uuid)}", headers, about_task=True))

    def links(self, task_uuid: str) -> Links:
        """Return direct, temporary download URLs of a task's files: ``GET /tasks/url/{task_uuid}``."""
        return payloads.parse_links(self._get(f"/tasks/url/{_segment(task_uuid)}", about_task=True))

    def quote(self, flow_name: str, params: Mapping[str, JSON]) -> Quote:
        """
        Return the price of a task: ``POST /tasks/pricing/quote``. It is free and creates nothing.

        Only those ``params`` are sent that the price depends on: no prompt, no file. Whether the service needs a prompt
        for a quote is not documented. If it reports that one is missing, the request is repeated once with a
        placeholder.
        """
        priced = priced_params(flow_name, params)
        refusal: InvalidParametersError | None = None
        try:
            return self._quote(flow_name, priced)
        except InvalidParametersError as error:
            refusal = error
        needed = [field for field in flow_named(flow_name).params if _is_needed_text(field)]
        said = f"{refusal.message} {refusal.suggestion}".lower()
        words: dict[str, JSON] = {
            field.name: _STAND_IN_WORDS for field in needed if any(name in said for name in field.wire_names)
        }
        if not words:
            raise refusal
        return self._quote(flow_name, {**words, **priced})

    def _quote(self, flow_name: str, params: Mapping[str, JSON]) -> Quote:
        body: dict[str, JSON] = {"flow_name": flow_named(flow_name).name, "params": request_params(flow_name, params)}
        request = Request("POST", f"{self.base_url}/tasks/pricing/quote", json=body, idempotent=True)
        return payloads.parse_quote(self._http.json(request))

    # -------------------------------------------------------------------------
    # Account

    def balance(self) -> Balance:
        """Return the balance of API credits: ``GET /users/balance``."""
        return payloads.parse_balance(self._get("/users/balance"))

    def me(self) -> Account:
        """Return the account that the key belongs to: ``GET /users/me``."""
        return payloads.parse_account(self._get("/users/me"))

    # -------------------------------------------------------------------------
    # Uploads

    def upload_image(self, path: str | os.PathLike[str], progress: Progress | None = None) -> str:
        """
        Upload an image and return its file key: ``POST /upload/image``.

        :param progress: called on this thread with the bytes sent so far and the total. An exception in it ends the
            upload.
        :raises InputError: the file cannot be used, see `upload_checks.check_image`.
        """
        return self._upload("/upload/image", path, check_image(path), progress, None)

    def upload_model(
        self,
        path: str | os.PathLike[str],
        variant: Literal["geometry", "textured"] = "geometry",
        progress: Progress | None = None,
    ) -> str:
        """
        Upload a model and return its file key: ``POST /upload/model``.

        :param variant: whether the model comes with its textures.
        :param progress: as in `upload_image`.
        :raises InputError: the file cannot be used, see `upload_checks.check_model`.
        """
        return self._upload("/upload/model", path, check_model(path), progress, {"modelVariant": variant})

    def _upload(
        self,
        path: str,
        file: str | os.PathLike[str],
        content_type: str,
        progress: Progress | None,
        query: Mapping[str, str] | None,
    ) -> str:
        guard = self._http.new_guard()
        try:
            body = MultipartFile(
                file, content_type, progress=progress, on_sent=lambda: guard.set_deadline(UPLOAD_ANSWER_S)
            )
        except OSError:
            body = None
        if body is None:
            raise InputError(
                Sentence.of("The file {path} cannot be read. Check its permissions.", path=str(file)), field="file"
            )
        with body:
            request = Request("POST", self.base_url + path, {"Content-Type": body.content_type}, body=body, query=query)
            self._http.drop_idle_connections()
            return payloads.parse_file_key(self._http.upload(request, guard))

    # -------------------------------------------------------------------------
    # Files

    def open_asset(self, url: str, *, offset_bytes: int = 0, if_range: str | None = None) -> requests.Response:
        """
        Start to download a file from a URL that the service returned. The key is never sent.

        :param url: an https URL, or an http URL of this machine.
        :param offset_bytes: position of the first byte to request (``Range``).
        :param if_range: ETag or date of the partial file (``If-Range``); if the file has changed, the whole is sent.
        :return: the open response, whatever its status: 200, 206, 416, 403 or 404 or 410 for an expired URL, 5xx. Its
            body is not compressed. The caller reads and closes it.
        :raises BadAnswerError: the URL is not allowed, there are too many redirects, or the file is compressed.
        """
        self._http.hosts.check(check_asset_url(url))
        return self._open(url, with_key=False, offset_bytes=offset_bytes, if_range=if_range)

    def open_task_download(
        self, task_uuid: str, *, offset_bytes: int = 0, if_range: str | None = None
    ) -> requests.Response:
        """
        Start to download a task's file through the service: ``GET /tasks/download/{task_uuid}``.

        :return: the open response with status 200, 206 or 416, as in `open_asset`. Ignore its Content-Disposition
            header: the server makes up the file name.
        :raises ServiceError: for instance `NothingToDownloadError`.
        """
        url = f"{self.base_url}/tasks/download/{_segment(task_uuid)}"
        response = self._open(url, with_key=True, offset_bytes=offset_bytes, if_range=if_range)
        is_json = response.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"
        if response.status_code in (206, 416) or (response.status_code == 200 and not is_json):
            return response
        self._http.read_json(response)
        raise not_an_answer()

    def read_file(self, response: Opened, chunk_bytes: int) -> Iterator[bytes]:
        """
        Yield the body of a response of `open_asset` or `open_task_download` in chunks, as it arrives.

        A chunk has at most ``chunk_bytes`` and may be far smaller: received data is not held back to fill it.

        :raises TransportError: the connection broke or stalled, or the client was closed.
        """
        return self._http.read_file(response, chunk_bytes)

    def _open(self, url: str, *, with_key: bool, offset_bytes: int, if_range: str | None) -> requests.Response:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if offset_bytes > 0:
            headers["Range"] = f"bytes={offset_bytes}-"
            if if_range and not if_range.startswith("W/"):  # RFC 9110, 13.1.5: no weak ETags in If-Range
                headers["If-Range"] = if_range
        return self._http.open(Request("GET", url, headers, with_key=with_key, any_host=True, idempotent=True))

    def _get(
        self, path: str, headers: Mapping[str, str] | None = None, *, about_task: bool = False
    ) -> Mapping[str, object]:
        request = Request("GET", self.base_url + path, headers or {}, about_task=about_task, idempotent=True)
        return self._http.json(request)


def _is_needed_text(field: Field) -> bool:
    return field.required and field.kind is Kind.TEXT and not field.priced


def _segment(task_uuid: str) -> str:
    return quote_path(check_task_uuid(task_uuid), safe="")
