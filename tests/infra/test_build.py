"""The Lambda zip: same bytes each time, and enough by itself."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from infra.build import BuiltZip, build_zip
from infra.dependencies import Target, compile_tree
from infra.errors import BuildError
from infra.reproducible_zip import add_tree

THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# Runs with nothing on the path but the standard library and the unzipped folder.
STANDS_ALONE = """
import os, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path]
sys.path.insert(0, sys.argv[1])
import boto3, msgspec, numpy, onnxruntime
import aws_lambda_powertools
for module in (boto3, msgspec, numpy, onnxruntime, aws_lambda_powertools):
    assert module.__file__.startswith(sys.argv[1]), module.__file__
from aws_lambda_powertools import Logger, Metrics
for service in ("dynamodb", "s3"):
    boto3.client(service, region_name="us-east-1")
assert onnxruntime.get_available_providers()[-1] == "CPUExecutionProvider"
from importlib.resources import files
assert files("contract").joinpath("schemas/telco.json").is_file()
names = {"CHURN_SCHEMA": "telco", "CHURN_STAGE": "local", "CHURN_TABLE": "t", "CHURN_BUCKET": "b"}
os.environ.update(names, AWS_DEFAULT_REGION="us-east-1")
import scorer.handler, scorer.settings
scorer.handler.build(scorer.settings.read_settings())
session = onnxruntime.InferenceSession(sys.argv[2])
assert session.run(None, {"x": numpy.ones(2, numpy.float32)})[0].tolist() == [2.0, 2.0]
"""


def double_model() -> bytes:
    """A graph that adds its input to itself."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "double", [x], [y])
    opsets = [helper.make_opsetid("", 21)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltZip:
    return build_zip(THIS_PYTHON, out=tmp_path_factory.mktemp("zip") / "scorer.zip")


@pytest.fixture(scope="module")
def unzipped(built: BuiltZip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unzipped")
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(folder)
    return folder


def test_the_same_sources_give_the_same_bytes(built: BuiltZip, tmp_path: Path) -> None:
    """Building again, elsewhere, changes nothing."""
    assert build_zip(THIS_PYTHON, out=tmp_path / "again.zip").sha256 == built.sha256


def test_a_tree_gives_the_same_zip_whatever_its_times_and_modes(tmp_path: Path) -> None:
    """Only names and content count: not the order of creation, not permissions, not timestamps."""
    archives = []
    for number, names in enumerate((("a.py", "b/c.py"), ("b/c.py", "a.py"))):
        tree = tmp_path / str(number)
        for name in names:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(f"NAME = {name!r}\n")
        (tree / "a.py").chmod(0o600 if number else 0o755)
        compile_tree(tree, sys.executable)
        archives.append(tmp_path / f"{number}.zip")
        add_tree(archives[-1], tree)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        names = [Path(name) for name in archive.namelist()]
    assert names == sorted(names)


def test_the_zip_is_within_its_budget(built: BuiltZip) -> None:
    """35 MB zipped and 100 MB unzipped, read from the zip itself."""
    assert built.size_bytes == built.path.stat().st_size <= 35_000_000
    assert built.unzipped_bytes <= 100_000_000


def test_the_zip_holds_contract_and_scorer_of_ours_and_nothing_else(built: BuiltZip) -> None:
    """No training, no CLI, no tests; compiled files come with their sources."""
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert {"contract", "scorer"} <= top
    assert not top & {"producer", "training", "infra", "loadtest", "cli", "tests", "bin"}
    assert built.compiled
    assert any(name.startswith("scorer/__pycache__/") for name in names)
    assert len(names) == len(set(names))


def test_the_zip_works_on_its_own(unzipped: Path, tmp_path: Path) -> None:
    """With no site-packages in sight, the handler is wired and onnxruntime runs a model."""
    model = tmp_path / "double.onnx"
    model.write_bytes(double_model())
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", STANDS_ALONE, str(unzipped), str(model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_no_bytecode_is_checked_against_a_source(unzipped: Path) -> None:
    """All .pyc are unchecked-hash: a zip's timestamps cannot make Lambda compile everything again."""
    flags = {path.read_bytes()[4:8] for path in unzipped.rglob("*.pyc")}
    assert flags == {(0b01).to_bytes(4, "little")}


@pytest.mark.parametrize(
    ("python", "arch", "complaint"),
    [("3.13", "sparc", "architecture 'sparc'"), ("2.7", "x86_64", "Python '2.7'"), ("3", "x86_64", "'3'")],
)
def test_an_unknown_target_is_one_clear_line(python: str, arch: str, complaint: str) -> None:
    """The message says what was found and what is expected."""
    with pytest.raises(BuildError, match=complaint) as raised:
        Target(python, arch)
    assert "\n" not in str(raised.value)
