"""CSV text from a file or a URL, a bounded number of rows at a time."""

from __future__ import annotations

import shutil
import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from training.errors import DatasetError

DOWNLOAD_TIMEOUT_SECONDS = 60
ENCODING = "utf-8-sig"  # UTF-8, with or without the mark that spreadsheets put first


def is_url(source: str | Path) -> bool:
    """True for what is fetched rather than opened."""
    return str(source).startswith(("http://", "https://"))


@contextmanager
def local_copy(source: str | Path) -> Iterator[Path]:
    """The CSV as a file: itself, or a download that is removed afterwards. Raises DatasetError."""
    if not is_url(source):
        path = Path(source)
        if not path.is_file():
            raise DatasetError(f"{source}: no such file; expected a CSV file or an http(s) URL")
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="churn-data-") as folder:
        yield _download(str(source), Path(folder) / "data.csv")


def _download(url: str, target: Path) -> Path:
    try:
        # The scheme is http or https: is_url was asked first.
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as body, target.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(body, file)
    except urllib.error.HTTPError as error:
        error.close()
        raise DatasetError(
            f"{url}: the server answered {error.code} {error.reason}; expected a CSV"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DatasetError(f"{url}: cannot be fetched ({reason}); check the address") from error
    return target


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV whose header has been read. `name` is what messages call it."""

    path: Path
    name: str
    header: list[str]

    def chunks(self, columns: Sequence[str], rows: int) -> Iterator[dict[str, list[str]]]:
        """The named columns as text, `rows` at a time; blank cells are "". Raises DatasetError."""
        with _explained(self.name):
            for frame in _reader(self.path, rows):
                yield {name: frame[name].fillna("").tolist() for name in columns}


@contextmanager
def open_csv(source: str | Path) -> Iterator[CsvFile]:
    """Open a CSV file or URL. Raises DatasetError where there is none, or it has no header."""
    name = str(source)
    with local_copy(source) as path:
        with _explained(name):
            header = pd.read_csv(path, nrows=0, encoding=ENCODING, index_col=False).columns
        yield CsvFile(path, name, [str(column) for column in header])


def _reader(path: Path, rows: int) -> Any:
    # Not `usecols`: with it, pandas lets rows with too many cells pass, shifted.
    return pd.read_csv(
        path,
        dtype=object,
        na_filter=False,
        skip_blank_lines=False,  # so that line numbers stay true
        index_col=False,
        encoding=ENCODING,
        chunksize=rows,
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn pandas' complaints into one line each."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except pd.errors.EmptyDataError:
        raise DatasetError(f"{name}: empty; expected a header and one labelled customer per line") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name}: not UTF-8 ({error.reason}); save it again as UTF-8") from error
    except OSError as error:
        raise DatasetError(f"{name}: cannot be read ({error.strerror}); check its permissions") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        line = str(error).strip().splitlines()[0]
        raise DatasetError(
            f"{name}: not a regular CSV ({line}); expected as many cells as columns"
        ) from error
