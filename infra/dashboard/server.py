"""The page's server: this machine only, and only for who was given the address.

Other users of the machine can reach a loopback port, so the path begins with a random token. A page elsewhere
whose name is made to point here (DNS rebinding) fails on the Host header. The page may load nothing from
anywhere else, and no script but its own.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, abort, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.dashboard.errors import DashboardError
from infra.dashboard.feed import Feed, Refusal
from infra.dashboard.time_range import DEFAULT_SINCE, SHORTCUTS, read_since

HOST = "127.0.0.1"
STATIC = Path(__file__).resolve().parent / "static"
PAGE = "dashboard.html"
# Not from the machine's own table, which may be anything.
MIME_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
UNAVAILABLE = 503
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app(feed: Feed, *, token: str, refresh_seconds: float) -> Flask:
    """The page under /TOKEN/, its files, and its data."""
    app = Flask(__name__, static_folder=None)
    app.config["TRUSTED_HOSTS"] = [HOST, "localhost"]  # the latter through an SSH tunnel

    @app.before_request
    def only_with_token() -> None:
        given = request.path.split("/")[1]
        if not secrets.compare_digest(given.encode(), token.encode()):
            abort(404)

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    files = {str(path.relative_to(STATIC)): path.read_bytes() for path in STATIC.rglob("*") if path.is_file()}

    @app.get("/<_token>/", defaults={"name": PAGE})
    @app.get("/<_token>/<path:name>")
    def file(_token: str, name: str) -> Response:
        # By name among those that there are, so no path leads out of the folder.
        if name not in files:
            abort(404)
        return Response(files[name], mimetype=MIME_TYPES.get(Path(name).suffix, "text/plain"))

    @app.get("/<_token>/data")
    def data(_token: str) -> Response | tuple[Response, int]:
        try:
            seconds = read_since(request.args.get("since", DEFAULT_SINCE))
        except DashboardError as error:
            return jsonify(error=str(error)), 400
        found = feed.read(seconds)
        if isinstance(found, Refusal):
            return jsonify(error=found.line), UNAVAILABLE
        return jsonify(found | {"refresh_seconds": refresh_seconds, "shortcuts": SHORTCUTS})

    return app


class _Quiet(WSGIRequestHandler):
    """Does not write a line for every request that went well."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the page asks every few seconds."""


@contextmanager
def serving(feed: Feed, *, port: int, refresh_seconds: float) -> Iterator[str]:
    """Serve until the block ends; the page's address. Port 0 takes a free one.

    Raises DashboardError where the port cannot be had.
    """
    token = secrets.token_urlsafe(16)
    app = create_app(feed, token=token, refresh_seconds=refresh_seconds)
    try:
        taken = socket.create_server((HOST, port))  # not by Werkzeug, which ends the program where it cannot
    except OSError as error:
        raise DashboardError(
            f"port {port} cannot be had ({os.strerror(error.errno or 0)}): leave it out for a free one"
        ) from None
    with taken:
        port = taken.getsockname()[1]
        server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet, fd=taken.fileno())
    thread = threading.Thread(target=server.serve_forever, name="dashboard", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{port}/{token}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
