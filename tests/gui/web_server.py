# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder served on this machine, as a host of static pages would: for Blenders in a root, too."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts._dev import ports


class _Handler(SimpleHTTPRequestHandler):
    site: WebServer

    def __init__(self, *arguments: Any, site: WebServer, **options: Any) -> None:
        self.site = site
        super().__init__(*arguments, directory=str(site.folder), **options)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.site.asked.append((path, query))
        if self.site.token and self.headers.get("Authorization") != f"Bearer {self.site.token}":
            self.send_error(401)
            return
        super().do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class WebServer:
    """Serves ``folder`` while it is open. ``token``: who asks has to bring it."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.folder = folder
        self.token = token
        self.asked: list[tuple[str, str]] = []
        """Path and query of every request."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, site=self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="web-server", daemon=True)

    @property
    def url(self) -> str:
        """Its address, with a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        ports.opened(self._server.server_port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ports.closed(self._server.server_port)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
