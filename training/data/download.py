"""A table that is at an http(s) address, brought here whole or not at all."""

from __future__ import annotations

import http.client
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from training.errors import DatasetError
from training.wording import printable

DOWNLOAD_TIMEOUT_SECONDS = 60
LONGEST_REASON = 120  # characters; some of it is what a stranger's server answered


def is_url(source: str | Path) -> bool:
    """True for what is fetched rather than opened."""
    return str(source).lower().startswith(("http://", "https://"))


def public_name(source: str | Path) -> str:
    """What messages, manifests and reports call a table: of a URL no user, password, query or fragment.

    A presigned address carries its secret in the query.
    """
    if not is_url(source):
        return str(source)
    parts = urlsplit(str(source))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def local_copy(source: str | Path) -> Iterator[Path]:
    """The table as a file: itself, or a download that is removed afterwards. Raises DatasetError."""
    if is_url(source):
        with tempfile.TemporaryDirectory(prefix="churn-data-") as folder:
            yield _download(str(source), Path(folder) / "table")
    else:
        yield Path(source)


def _download(url: str, target: Path) -> Path:
    try:
        # The scheme is http or https: is_url was asked first.
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as body, target.open("wb") as file:  # noqa: S310
            announced: int | None = body.length
            shutil.copyfileobj(body, file)
            received = file.tell()
    except urllib.error.HTTPError as error:
        error.close()
        reason = printable(str(error.reason), LONGEST_REASON)
        raise DatasetError(
            f"{public_name(url)}: the server answered {error.code} {reason}; expected a CSV"
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = printable(str(getattr(error, "reason", None) or error), LONGEST_REASON)
        raise DatasetError(
            f"{public_name(url)}: cannot be fetched ({reason or type(error).__name__}); check the address"
        ) from error
    # http.client gives the end of a broken connection as the end of the body.
    if announced is not None and received != announced:
        raise DatasetError(
            f"{public_name(url)}: the download broke off after {received:,} of {announced:,} bytes; try again"
        )
    return target
