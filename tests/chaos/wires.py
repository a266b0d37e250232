"""The network between workers and brokers, which can be cut: bytes wait as in TCP and come late, none is lost."""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from streams.ops.kafka.probe import HOST

_CHUNK = 65_536
_Ways = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wires:
    """A context manager: connections to a front port go on to its back port while its wire is not cut.

    On a cut wire nothing passes and nothing ends, in either direction; a connection made meanwhile is accepted, as by
    a kernel whose process sleeps, and hears nothing. So a client learns of a cut by its own timeouts alone.
    """

    def __init__(self, ports: Iterable[tuple[int, int]]) -> None:
        self._ports = dict(ports)
        self._whole = {front: asyncio.Event() for front in self._ports}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)
        self._running: set[asyncio.Task[None]] = set()

    def cut(self, fronts: Iterable[int]) -> None:
        for front in fronts:
            self._loop.call_soon_threadsafe(self._whole[front].clear)

    def mend(self, fronts: Iterable[int]) -> None:
        for front in fronts:
            self._loop.call_soon_threadsafe(self._whole[front].set)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.mend(self._ports)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._servers = [await self._server(front, back) for front, back in self._ports.items()]

    async def _server(self, front: int, back: int) -> asyncio.Server:
        async def accept(*near: *_Ways) -> None:
            task = asyncio.current_task()
            assert task
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await self._join(near, self._whole[front], back)

        return await asyncio.start_server(accept, HOST, front)

    async def _join(self, near: _Ways, whole: asyncio.Event, back: int) -> None:
        """Until either end is gone; a broker that is not there hangs up."""
        writers = [near[1]]
        try:
            await whole.wait()
            far = await asyncio.open_connection(HOST, back)
            writers.append(far[1])
            ways = [_pass(near[0], far[1], whole), _pass(far[0], near[1], whole)]
            await _first_of([asyncio.ensure_future(way) for way in ways])
        except OSError:
            pass
        finally:
            for writer in writers:
                writer.transport.abort()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_of(ways: "list[asyncio.Future[None]]") -> None:
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter, whole: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            await whole.wait()
            target.write(data)
            await target.drain()
        await whole.wait()
