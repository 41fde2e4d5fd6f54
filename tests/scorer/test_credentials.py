"""Who signs, asked for at each signature."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scorer.aws.credentials import Credentials
from scorer.errors import CredentialsError


def test_the_environment_is_read_at_each_signature() -> None:
    """Lambda may exchange the variables; an empty token is none."""
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    credentials = Credentials(variables)
    assert credentials() == ("a", "b", None)
    assert "b" not in repr(credentials())
    variables.update(AWS_ACCESS_KEY_ID="c", AWS_SESSION_TOKEN="t")
    assert (credentials().access_key, credentials().token) == ("c", "t")
    variables["AWS_SESSION_TOKEN"] = ""
    assert credentials().token is None


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine where no credentials are to be found."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(file, str(tmp_path / file))
    return monkeypatch


def test_a_developers_profile_is_found_where_the_environment_has_none(
    nobody: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """botocore's chain, in its own order."""
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text(
        "[mine]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = t\n"
    )
    nobody.setenv("AWS_PROFILE", "mine")
    found = Credentials({})()
    assert (found.access_key, found.secret_key, found.token) == ("k", "s", "t")


@pytest.mark.usefixtures("nobody")
def test_where_there_are_none_the_line_says_what_to_set() -> None:
    """Half a pair is none."""
    with pytest.raises(CredentialsError, match="no AWS credentials: give the function a role"):
        Credentials({"AWS_ACCESS_KEY_ID": "k"})()


def test_a_chain_that_breaks_is_told_in_one_line(nobody: pytest.MonkeyPatch) -> None:
    """A profile that is named but does not exist."""
    nobody.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(CredentialsError, match=r"cannot be read \(ProfileNotFound\)"):
        Credentials({})()
