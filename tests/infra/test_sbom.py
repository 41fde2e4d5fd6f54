"""The list of what is in the Lambda zip: whole, exact, and the same each time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra.dependencies import Target, dependencies_for
from infra.errors import BuildError
from infra.sbom import sbom_of

THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def dependencies() -> Path:
    """The part of a real zip that is not ours."""
    return dependencies_for(Target(THIS_PYTHON, "x86_64")).archive


@pytest.fixture(scope="module")
def text(dependencies: Path) -> str:
    return sbom_of(dependencies)


def write_zip(path: Path, *metadata: str, **others: bytes) -> Path:
    """A zip with these METADATA files."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, lines in enumerate(metadata):
            archive.writestr(f"some{number}.dist-info/METADATA", lines)
        for name, content in others.items():
            archive.writestr(name, content)
    return path


def locked(path: Path, *pins: str) -> Path:
    path.write_text("".join(f"{pin} \\\n    --hash=sha256:00\n" for pin in pins))
    return path


def test_every_distribution_of_the_zip_is_listed_and_none_more(dependencies: Path, text: str) -> None:
    """By name and version, with a licence; what was pruned from the zip is not in it."""
    with zipfile.ZipFile(dependencies) as archive:
        folders = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    expected = {
        (re.sub(r"[-_.]+", "-", name), version)
        for name, version in (folder.removesuffix(".dist-info").rsplit("-", 1) for folder in folders)
    }
    components = json.loads(text)["components"]
    assert len(expected) > 8
    assert {(each["name"], each["version"]) for each in components} == expected
    assert len(components) == len(expected)
    for each in components:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["licenses"], each["name"]


def test_libraries_that_a_wheel_brought_along_are_listed_under_it(dependencies: Path, text: str) -> None:
    """numpy's OpenBLAS and Fortran runtime have no distribution of their own, but holes of their own."""
    with zipfile.ZipFile(dependencies) as archive:
        inside = {name for name in archive.namelist() if name.startswith("numpy.libs/")}
    (numpy,) = (each for each in json.loads(text)["components"] if each["name"] == "numpy")
    assert {each["name"] for each in numpy.get("components", [])} == inside
    assert all(each["hashes"][0]["alg"] == "SHA-256" for each in numpy.get("components", []))


def test_the_document_is_valid_and_the_same_each_time(dependencies: Path, text: str) -> None:
    """CycloneDX 1.6 by its own schema; it names the bytes it speaks of, and no time."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert sbom_of(dependencies) == text
    document: dict[str, Any] = json.loads(text)
    assert "timestamp" not in document["metadata"]
    assert document["metadata"]["component"]["hashes"][0]["alg"] == "SHA-256"
    assert document["serialNumber"].startswith("urn:uuid:")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("License-Expression: MIT AND Zlib", [{"expression": "MIT AND Zlib"}]),
        ("License: Apache License 2.0", [{"license": {"id": "Apache-2.0"}}]),
        ("License: Our Own", [{"license": {"name": "Our Own"}}]),
        (
            "License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License",
            [{"license": {"name": "BSD License"}}],
        ),
        ("Summary: says nothing", None),
    ],
)
def test_a_licence_is_what_the_distribution_says(tmp_path: Path, told: str, expected: object) -> None:
    """An SPDX expression or identifier where there is one, else the words; never a guess."""
    archive = write_zip(tmp_path / "a.zip", f"Name: Some_Thing\nVersion: 1.0\n{told}\n")
    document = json.loads(sbom_of(archive, locked(tmp_path / "lock", "some-thing==1.0")))
    assert document["components"][0].get("licenses") == expected


@pytest.mark.parametrize("pin", ["some-thing==1.1", "other==1.0"])
def test_what_nobody_locked_is_refused(tmp_path: Path, pin: str) -> None:
    """A zip of another lock is not described as if it were of this one."""
    archive = write_zip(tmp_path / "a.zip", "Name: some-thing\nVersion: 1.0\n")
    with pytest.raises(BuildError, match=r"some-thing 1\.0, but requirements/lambda\.lock says"):
        sbom_of(archive, locked(tmp_path / "lock", pin))


def test_what_is_no_lambda_zip_is_one_line(tmp_path: Path) -> None:
    """A file that is not there, is no zip, or holds no distribution."""
    (tmp_path / "text.zip").write_text("hello")
    write_zip(tmp_path / "empty.zip", readme=b"")
    for name, expected in (
        ("gone.zip", "No such file or directory"),
        ("text.zip", "not a zip; expected one that `make package` built"),
        ("empty.zip", "holds no Python distribution"),
    ):
        command = [sys.executable, "-m", "infra.sbom", str(tmp_path / name), "--out", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert re.fullmatch(rf"no SBOM: \S*{name}: {re.escape(expected)}[^\n]*\n", done.stderr)
        assert done.stdout == ""
