"""What the source of a lock may say, and the one message for each thing that it may not."""

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.pip_lock import source
from tools.pip_lock.source import Option, Source, Target

_FILE = "venv/locks/app.in"


def _read(folder: Path, text: str) -> Source:
    (folder / "MODULE.bazel").touch()
    locks = folder / "venv/locks"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "app.in").write_text(text)
    return source.read(locks, "app", _FILE)


def test_options_are_told_from_requirements(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        "# why\n--extra-index-url  https://cu.invalid/simple # CUDA\n-f=wheels\n-i https://${HOST}/simple\n"
        "--pre\ntorch==2.0+cu128\n",
    )
    assert [str(option) for option in read.options] == [
        "--extra-index-url https://cu.invalid/simple",
        "--find-links wheels",
        "--index-url https://${HOST}/simple",
    ]
    assert read.requirements == "# why\n--pre\ntorch==2.0+cu128\n"


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://${USER}:${TOKEN}@index.invalid/simple",
        "--index-url https://${TOKEN}@index.invalid/simple",
        "--index-url https://me:${TOKEN}@index.invalid/simple",
        "--extra-index-url ${INDEX}",
        "--find-links https://index.invalid/flat.html",
        "--find-links ../../third_party/wheels",
        "--find-links ${WHEELS}/here",
    ],
)
def test_places_that_may_be_named(tmp_path: Path, line: str) -> None:
    assert [str(option) for option in _read(tmp_path, f"{line}\n").options] == [line]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--index-url https://me:s3cret@a.invalid/simple", "`--index-url`: a name or a password in a URL"),
        ("--extra-index-url https://s3cret@a.invalid/simple", "`--extra-index-url`: a name or a password"),
        ("--find-links https://me:s3cret@a.invalid/flat", "`--find-links`: a name or a password in a URL"),
        ("--index-url file:///opt/simple", "file:///opt/simple is no http or https address"),
        ("--index-url ./simple", "./simple is no http or https address"),
        ("--find-links /opt/wheels", "/opt/wheels is a path of this machine"),
        ("--find-links ~/wheels", "~/wheels is a path of this machine"),
        ("--find-links file:///opt/wheels", "file:///opt/wheels is a path of this machine"),
        ("--find-links ../../../wheels", "../../../wheels is outside of the workspace"),
        ("--find-links my wheels", "`--find-links`: has white space in it, or more than one place"),
        ("-i https://a.invalid -f wheels", "`--index-url`: has white space in it, or more than one place"),
        ("# python: 3.9 3.11", "`# python:` has 2 versions"),
        ("# python: 3.9\n# pythons: 3.11", "has `# python:` and `# pythons:`"),
        ("# pythons: 3.11 3.11.2", "`# pythons:` has 3.11 twice"),
        ("# pythons: 3.x", "3.x is no version of Python"),
        ("# sdist: app==1.0", "`# sdist:` has app==1.0, which is no name"),
    ],
)
def test_what_is_wrong_is_told_with_a_remedy(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        _read(tmp_path, f"{line}\napp\n")
    assert str(caught.value).startswith(f"error: {_FILE}: ")
    assert message in str(caught.value)
    assert "\n  " in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        _read(tmp_path, "--find-links /opt\n-i file:///opt\n")
    assert str(caught.value).count(f"error: {_FILE}: ") == 2


def test_options_of_an_included_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "venv/locks").mkdir(parents=True)
    (tmp_path / "venv/locks/base.in").write_text("-r app.in\n-f wheels\n")
    with pytest.raises(ToolError, match=r"base\.in has `--find-links`, which would not reach the lock"):
        _read(tmp_path, "-r base.in\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six", {"app.txt": Target("3.9")}),
        ("# python: 3.11\nsix", {"app.txt": Target("3.11")}),
        ("six # python: 3.8", {"app.txt": Target("3.9")}),
        (
            "# pythons: 3.9, 3.11.4 3.12\n",
            {
                "app_py39.txt": Target("3.9.2", single=True),
                "app_py311.txt": Target("3.11.4", single=True),
                "app_py312.txt": Target("3.12", single=True),
            },
        ),
    ],
)
def test_the_pythons_come_from_the_source(tmp_path: Path, text: str, expected: dict[str, Target]) -> None:
    assert _read(tmp_path, text).locks == expected


def test_the_platform_has_the_image_s_c_library() -> None:
    assert Target("3.9.2").platform("aarch64") == "aarch64-manylinux_2_31"
    assert Target("3.20").platform("x86_64") == "x86_64-unknown-linux-gnu"


def test_distributions_without_wheels_are_named(tmp_path: Path) -> None:
    assert _read(tmp_path, "# sdist: one two\n# sdist: three\none\n").sdists == ("one", "two", "three")


def test_variables_are_those_that_pip_knows() -> None:
    option = Option("--index-url", "https://${USER_1}@a.invalid/${lower}/$PLAIN")
    assert option.expanded({"USER_1": "me"}, _FILE) == "https://me@a.invalid/${lower}/$PLAIN"
    with pytest.raises(ToolError, match=r"wants the variable USER_1, which is not set"):
        option.expanded({}, _FILE)
