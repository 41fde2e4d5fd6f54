"""What is in a Lambda zip, as a CycloneDX document: `python -m infra.sbom --help`.

Read from the zip itself, not from the lock: what was pruned is not in it, and what nobody locked is refused.
The same zip gives the same bytes, so the document has no time and its serial number follows from the zip.
"""

import argparse
import hashlib
import json
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from infra.errors import BuildError
from infra.paths import BUILD, LAMBDA_LOCK, PROJECT

DEFAULT_OUT = BUILD / "sbom.cdx.json"
METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
# Shared libraries that auditwheel put beside a package, such as numpy.libs/libscipy_openblas64_-….so.
BUNDLED = re.compile(r"([^/]+)\.libs/[^/]+")
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
# How packages from before PEP 639 write what SPDX has an identifier for.
SPDX_OF = {"MIT License": "MIT", "Apache License 2.0": "Apache-2.0"}
SAYS_NOTHING = ("", "UNKNOWN", "Dual License")
CLASSIFIER = "License :: OSI Approved :: "


def sbom_of(archive: Path, lock: Path = LAMBDA_LOCK) -> str:
    """The document as JSON text. Raises BuildError for a zip that has what the lock does not."""
    pinned = dict(PINNED.findall(lock.read_text()))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    root = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    with zipfile.ZipFile(archive) as opened:
        found = [_component(metadata, opened, pinned) for metadata in _metadata(opened)]
    if not found:
        raise BuildError(f"{archive}: holds no Python distribution; expected a zip that `make package` built")
    bom = Bom(
        components=found,
        metadata=BomMetaData(component=root),
        serial_number=uuid5(NAMESPACE_URL, f"urn:sha256:{digest}"),
    )
    bom.register_dependency(root, found)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _metadata(archive: zipfile.ZipFile) -> Iterator[Message]:
    for name in sorted(archive.namelist()):
        if METADATA.fullmatch(name):
            yield message_from_bytes(archive.read(name))


def _component(metadata: Message, archive: zipfile.ZipFile, pinned: dict[str, str]) -> Component:
    name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()  # PEP 503
    version = metadata["Version"]
    if pinned.get(name) != version:
        raise BuildError(
            f"the zip holds {name} {version}, but requirements/lambda.lock says "
            f"{pinned.get(name, 'nothing')}: build it again with `make package`"
        )
    return Component(
        name=name,
        version=version,
        purl=PackageURL("pypi", name=name, version=version),
        bom_ref=f"{name}=={version}",
        description=metadata["Summary"],
        licenses=_licenses(metadata),
        components=_bundled(name, archive),
    )


def _licenses(metadata: Message) -> list[License]:
    """What the distribution says of its licence; a name where SPDX has no identifier for that."""
    make = LicenseFactory().make_from_string
    told = metadata["License-Expression"] or (metadata["License"] or "").strip()
    if told not in SAYS_NOTHING and "\n" not in told:
        return [make(SPDX_OF.get(told, told))]
    classifiers = metadata.get_all("Classifier", [])
    return [make(text.removeprefix(CLASSIFIER)) for text in classifiers if text.startswith(CLASSIFIER)]


def _bundled(name: str, archive: zipfile.ZipFile) -> list[Component]:
    inside = [path for path in archive.namelist() if (m := BUNDLED.fullmatch(path)) and m[1] == name]
    return [
        Component(
            name=path,
            type=ComponentType.FILE,
            bom_ref=path,
            hashes=[
                HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(archive.read(path)).hexdigest())
            ],
        )
        for path in inside
    ]


def _fail(line: str) -> int:
    print(f"no SBOM: {line}", file=sys.stderr)
    return 1


def main() -> int:
    """Entry point: the path of the document on stdout, everything else on stderr."""
    parser = argparse.ArgumentParser(prog="python -m infra.sbom", description=__doc__)
    parser.add_argument("zip", type=Path, help="a zip that infra.build made")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="default %(default)s")
    arguments = parser.parse_args()
    try:
        text = sbom_of(arguments.zip)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text)
    except zipfile.BadZipFile:
        return _fail(f"{arguments.zip}: not a zip; expected one that `make package` built")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")
    except BuildError as error:
        return _fail(str(error))
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
