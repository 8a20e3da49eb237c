"""A real HTTP server on this machine that serves one file, and can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``content`` at ``url``.

    Attributes:
        cut_after: Bytes of each answer after which the connection is closed.
        ranges: Whether it heeds a Range header.
        status: Another status to answer with.
        asked: The Range header of each request, None where there was none.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.cut_after: int | None = None
        self.ranges = True
        self.status = 200
        self.asked: list[str | None] = []
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        if self.status != 200:
            request.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        size = len(self.content)
        if start >= size > 0:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{size}")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.send_header("Content-Length", str(size - start))
        request.end_headers()
        request.wfile.write(self.content[start:][: self.cut_after])


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """A server for the time of the block."""
    served = FileServer(content)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.url = f"http://127.0.0.1:{server.server_port}/models/best.pth"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
