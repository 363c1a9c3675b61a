# SPDX-License-Identifier: GPL-3.0-or-later
"""
Sessions of requests that do what a request says and nothing more: no cookies, no ``.netrc``, no redirects.

Ground floor; worker threads; no ``bpy``. Imports requests.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy

import requests

from .cancellable_http import GuardedAdapter
from .tls import secure_context


class Authorization(requests.auth.AuthBase):
    """
    Adds the key to a request, or deliberately nothing.

    Without an auth object, requests would look for a password in the user's ``.netrc``.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to the request, if there is one."""
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Session(requests.Session):
    """
    A session that never looks at redirects.

    Even with ``allow_redirects=False``, requests prepares the next request and reads the whole response body for that.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def new_session(user_agent: str) -> requests.Session:
    """Return a new session with guarded connections, see `cancellable_http`."""
    session = _Session()
    # Proxies are passed with each request, see `proxies`. Nothing else of the environment is wanted.
    session.trust_env = False
    session.headers.clear()
    session.headers.update({"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    context = secure_context()
    for scheme in ("https://", "http://"):
        session.mount(scheme, GuardedAdapter(context))
    return session
