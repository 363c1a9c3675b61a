# SPDX-License-Identifier: GPL-3.0-or-later
"""`StandIn`: the service, running in a thread of the process that wants it. No ``bpy``.

::

    with StandIn(speed=20) as s:
        client = Client(s.url, s.key)
        s.faults.add("create", reset_after=True)
        ...
        assert s.state.charged_per_order() == {"order-1": 1}
        assert not s.state.leaks
"""

from __future__ import annotations

import asyncio
import functools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from scripts._dev import ports

from . import app, assets, models
from .faults import Faults
from .records import Settings
from .service import Service
from .state import State

HOST = "127.0.0.1"


@functools.cache
def own_key() -> str:
    """Return a key with everything in it that addresses, JSON and HTML write in another way, and a header can carry.

    It is the same for all stand-ins of a process: the client makes an expression of each key, to find it in texts, and
    keeps only a few. With a key for each of many stand-ins, making expressions took longer than all else.
    """
    first, second = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    return f"standin~{first}+/%2{second}=&"


class StandIn:
    """The service on two loopback ports. Users, tasks and ports outlast `stop`, until `start` opens the ports again.

    :param speed: virtual seconds in a real one, see `clock`. At 1 a task takes 20 s.
    :param key: the API key of the first account; by default a random one of the process, see `own_key`, so that a
        search for leaks means something.
    :param credits: what that account has.
    :param port: of the API; 0 = a free one.
    :param asset_port: of the assets; 0 = a free one.
    :param samples: models that have to be there before it starts; others are made when first asked for (7 to 15 s).
    :param settings: fields of `records.Settings`.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        key: str = "",
        credits: int = 10_000,
        port: int = 0,
        asset_port: int = 0,
        samples: tuple[str, ...] = (),
        **settings: object,
    ) -> None:
        self.key = key or own_key()
        self.state = State(self.key, speed=speed, credits=credits)
        self._service = Service(self.state)
        self._ports = [port, asset_port]
        self._samples = samples
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._up = threading.Event()
        self._problem: BaseException | None = None
        for name, value in settings.items():
            if name not in Settings.__dataclass_fields__:
                raise TypeError(f"unknown setting: {name}")
            setattr(self.state.settings, name, value)

    @property
    def url(self) -> str:
        """The base address of the API: what `TRIVERSE_API_URL` holds."""
        return f"{self.origin}{app.BASE}"

    @property
    def origin(self) -> str:
        """The API port without a path: ``/_standin`` is below it."""
        return f"http://{HOST}:{self._ports[0]}"

    @property
    def asset_url(self) -> str:
        """The address of the asset port."""
        return f"http://{HOST}:{self._ports[1]}"

    @property
    def faults(self) -> Faults:
        """What is made to go wrong."""
        return self._service.faults

    @property
    def settings(self) -> Settings:
        """How the service behaves."""
        return self.state.settings

    def start(self) -> Self:
        """Open both ports and return when they answer.

        :raises OSError: a port is taken.
        :raises models.NoSampleError: a sample could not be made.
        """
        if self._thread is not None:
            raise RuntimeError("it is running")
        models.ensure(self._samples)
        self._up.clear()
        self._problem = None
        self._thread = threading.Thread(target=self._run, name="triverse-standin", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._problem is not None:
            self._thread.join()
            self._thread = None
            raise self._problem
        return self

    def stop(self) -> None:
        """Close both ports: connections break off, new ones are refused."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """Be down for a while: connections are refused, nothing is forgotten."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._problem = error
            self._up.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        runners: list[web.AppRunner] = []
        try:
            for index, made in enumerate((app.make_app(self._service), assets.make_app(self._service))):
                runner = web.AppRunner(made, access_log=None, handle_signals=False, shutdown_timeout=0.05)
                await runner.setup()
                runners.append(runner)
                await web.TCPSite(runner, HOST, self._ports[index], reuse_address=True).start()
                self._ports[index] = runner.addresses[0][1]
                ports.opened(self._ports[index])
            self._service.asset_base = self.asset_url
            self._up.set()
            await self._stopping.wait()
        finally:
            for port in self._ports:
                ports.closed(port)
            for runner in runners:
                await runner.cleanup()
