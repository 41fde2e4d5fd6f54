"""The page is for whoever was given its address, on this machine, and recovers from what goes wrong."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from infra.dashboard.errors import DashboardError
from infra.dashboard.feed import Feed
from infra.dashboard.server import create_app, serving
from tests.dashboard.fakes import FakeCloudWatch, refused
from tests.dashboard.test_snapshot import body, deployed

TOKEN = "secret-token"


def line_for(error: Exception) -> str | None:
    return "the AWS credentials have expired: sign in again" if "ExpiredToken" in str(error) else None


def feed_of(cloudwatch: FakeCloudWatch, fresh_seconds: float = 0.0) -> Feed:
    return Feed(lambda: deployed(cloudwatch), line_for, fresh_seconds=fresh_seconds)


def client_of(cloudwatch: FakeCloudWatch) -> FlaskClient:
    return create_app(feed_of(cloudwatch), token=TOKEN, refresh_seconds=3).test_client()


@pytest.fixture
def ask() -> Callable[..., Any]:
    client = client_of(FakeCloudWatch(body()))

    def get(path: str, host: str = "127.0.0.1:4000") -> Any:
        return client.get(path, headers={"Host": host}, buffered=True)

    return get


@pytest.mark.parametrize(
    "path", ["/", "/data", "/wrong/", "/wrong/data", "/wrong/dashboard.js", "/%C3%A9/", "/%FF/"]
)
def test_without_the_token_there_is_nothing(ask: Callable[..., Any], path: str) -> None:
    """Another user of the machine can reach the port, but finds neither page nor data nor file."""
    assert ask(path).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4000", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_name_that_was_made_to_point_here_is_refused(ask: Callable[..., Any], host: str) -> None:
    """DNS rebinding fails on the Host header, whatever the path."""
    assert ask(f"/{TOKEN}/data", host).status_code == 400
    for ours in ("127.0.0.1:4000", "localhost:4000"):
        assert ask(f"/{TOKEN}/data", ours).status_code == 200


@pytest.mark.parametrize(
    "path", ["", "data", "dashboard.js", "vendor/uPlot.iife.min.js", "vendor/uPlot-LICENSE", "no"]
)
def test_every_answer_carries_the_policy(ask: Callable[..., Any], path: str) -> None:
    """Nothing from elsewhere, no script inside the page, no frame around it, nothing kept."""
    answer = ask(f"/{TOKEN}/{path}")
    assert answer.status_code == (404 if path == "no" else 200)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_files_outside_of_the_pages_folder_are_not_served(ask: Callable[..., Any]) -> None:
    """However the path is written."""
    for path in ("../server.py", "..%2fserver.py", "%2e%2e/server.py", "vendor/../../server.py"):
        assert ask(f"/{TOKEN}/{path}").status_code == 404


def test_a_time_that_is_none_is_refused(ask: Callable[..., Any]) -> None:
    """With the line that the command gives too."""
    answer = ask(f"/{TOKEN}/data?since=soon")
    assert answer.status_code == 400
    assert "expected a length such as" in answer.json["error"]


def test_an_error_is_a_line_and_passes_by_itself() -> None:
    """The stage is looked up again after an error, so renewed credentials are used."""
    cloudwatch = FakeCloudWatch(body(), error=refused("ExpiredToken", "GetDashboard"))
    client = client_of(cloudwatch)
    answer = client.get(f"/{TOKEN}/data", headers={"Host": "127.0.0.1"})
    assert answer.status_code == 503
    assert answer.json == {"error": "the AWS credentials have expired: sign in again"}
    cloudwatch.error = None
    assert client.get(f"/{TOKEN}/data", headers={"Host": "127.0.0.1"}).status_code == 200


def test_a_defect_of_ours_is_not_hidden() -> None:
    """What nobody can act on is raised, for the terminal's log."""
    with pytest.raises(KeyError):
        feed_of(FakeCloudWatch(body(), error=KeyError("defect"))).read(3600)


def test_many_pages_cost_as_much_as_one() -> None:
    """A reading is good for a while; another range is another reading."""
    cloudwatch = FakeCloudWatch(body(), {})
    feed = feed_of(cloudwatch, fresh_seconds=60)
    first = feed.read(3600)
    assert feed.read(3600) is first
    assert feed.read(900) is not first


def test_it_listens_on_this_machine_only_and_ends() -> None:
    """On loopback, at a free port; a taken one is one line; afterwards nothing listens."""
    with serving(feed_of(FakeCloudWatch(body())), port=0, refresh_seconds=3) as address:
        url = urlsplit(address)
        assert url.hostname == "127.0.0.1"
        assert len(url.path) > 20
        connection = http.client.HTTPConnection("127.0.0.1", url.port or 0, timeout=10)
        connection.request("GET", url.path)
        assert connection.getresponse().status == 200
        connection.close()
        with (
            pytest.raises(DashboardError, match=f"port {url.port} cannot be had"),
            serving(feed_of(FakeCloudWatch(body())), port=url.port or 0, refresh_seconds=3),
        ):
            raise AssertionError("two servers on one port")
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", url.port or 0, timeout=10).connect()
