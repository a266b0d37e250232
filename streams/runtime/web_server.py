"""Who serves the pages: Faust's web server for one app, a thread of its own for many; a busy port stops neither."""

import errno
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import faust
from aiohttp.web import TCPSite
from faust.web.drivers.aiohttp import Web

from streams.runtime.web import PAGES, AppStatus, Page

Statuses = Callable[[], Sequence[AppStatus]]
FIRST_PORT = 6066
_TRIES = 100
_log = logging.getLogger(__name__)


def ports(first: int) -> Iterator[int]:
    """Ports to try, in order; the last one, 0, is whichever the system has free."""
    yield from range(first, min(first + _TRIES, 65536))
    yield 0


class PatientWeb(Web):
    """Faust's web server, on the first free port from `web_port`; `bound_port` says which, once it has started."""

    bound_port = 0

    async def start_server(self) -> None:
        await self._runner.setup()
        for port in ports(self.app.conf.web_port):
            self.bound_port = port
            site = self._create_site()
            try:
                await site.start()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            self.bound_port = getattr(site, "port", port)
            _log.info("pages of %s on port %d", self.app.conf.id, self.bound_port)
            return

    def _new_transport_tcp(self) -> TCPSite:
        conf = self.app.conf
        return TCPSite(self._runner, conf.web_bind, self.bound_port, ssl_context=conf.web_ssl_context)


def mount(app: faust.App, statuses: Statuses) -> None:
    """Have Faust's web server answer our pages."""
    for path, page in PAGES.items():
        app.page(path, name=path.strip("/"))(_view(page, statuses))


def _view(page: Callable[[Sequence[AppStatus]], Page], statuses: Statuses) -> Any:
    async def view(web: Any, request: Any) -> Any:
        answer = page(statuses())
        return web.bytes(answer.body, status=answer.status, headers={"Content-Type": answer.content_type})

    return view


class PageServer:
    """The pages served from a thread, for a process of many apps; `port` says where."""

    def __init__(self, statuses: Statuses, first_port: int = FIRST_PORT, host: str = "0.0.0.0") -> None:
        self._server = _bind(host, first_port, _handler(statuses))
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, name="pages", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asks and goes away before the answer is no news; anything else shows its trace in the log."""
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        _log.log(level, "a request from %s", client_address, exc_info=True)


def _bind(host: str, first_port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    for port in ports(first_port):
        try:
            return _Server((host, port), handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise AssertionError("port 0 is never in use")


def _handler(statuses: Statuses) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            page = PAGES.get(self.path.split("?")[0])
            answer = page(statuses()) if page else Page(404, "text/plain; charset=utf-8", b"/metrics /health /ready\n")
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            _log.debug(format, *args)

    return Handler
