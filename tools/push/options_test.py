"""The command line of push."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.push.options import parse

PLAN = {"IMAGE_PUSH_PLAN": "images/push.plan.json"}


def test_paths_are_meant_from_where_the_user_is() -> None:
    options = parse(["--ca", "lab.pem"], {**PLAN, "BUILD_WORKING_DIRECTORY": "/home/me"})
    assert options.ca == Path("/home/me/lab.pem")
    assert options.plan == Path("images/push.plan.json"), "a runfile"
    assert parse(["--plan", "p.json"], {"BUILD_WORKING_DIRECTORY": "/home/me"}).plan == Path(
        "/home/me/p.json"
    )


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("cosign.key", "/home/me/cosign.key"),
        ("env://KEY", "env://KEY"),
        ("awskms:///x", "awskms:///x"),
        ("", ""),
    ],
)
def test_a_key_may_be_a_file_or_not(key: str, meant: str) -> None:
    assert parse(["--sign-key", key], {**PLAN, "BUILD_WORKING_DIRECTORY": "/home/me"}).sign_key == meant


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("400k", 400_000), ("50M", 50_000_000), ("2G", 2 * 10**9)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse(["--chunk-size", text], PLAN).chunk == size


@pytest.mark.parametrize(
    ("arguments", "environ", "reason"),
    [
        ([], {}, "nothing to push is named: start it with `bazel run //images:push`"),
        (["--chunk-size", "0"], PLAN, "'0' is no size such as 50M"),
        (["--chunk-size", "1T"], PLAN, "'1T' is no size such as 50M"),
        (["--jobs", "0"], PLAN, "'0' is no number from 1 to 64"),
        (["--jobs", "x"], PLAN, "'x' is no number from 1 to 64"),
        (["--retries", "-1"], PLAN, "'-1' is no number from 0 to 100"),
        (["v1"], PLAN, "unrecognized arguments: v1"),
    ],
)
def test_what_is_wrong_is_told(
    arguments: list[str], environ: dict[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, environ)
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


def test_help_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--help"], {})
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "by digest first and by tags last" in told
    assert "--repository localhost:5000/team" in told
