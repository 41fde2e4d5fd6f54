"""MLflow as a guest: it neither prints, nor reports home, nor waits for long."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, redirect_stdout

# MLflow takes these from the variables of its process and from nowhere else.
ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",  # it asks the package index
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server may say: in an hour
    "MLFLOW_ALLOW_FILE_STORE": "true",  # MLflow 3.17 refuses a folder without it
}
UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}


@contextmanager
def quiet(settings: MutableMapping[str, str]) -> Iterator[None]:
    """MLflow's settings while the block runs, and no word of it on stdout or in the logs; then all as it was.

    `settings` are the variables of this process.
    """
    before = {name: settings.get(name) for name in (*ALWAYS, *UNLESS_SET)}
    disabled = logging.root.manager.disable
    settings.update(ALWAYS)
    settings.update({name: before[name] or value for name, value in UNLESS_SET.items()})
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        for name, value in before.items():
            if value is None:
                settings.pop(name, None)
            else:
                settings[name] = value
