"""Plans for tiny wheels, with a real git repository."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tools.testing.tiny_wheel import TinyWheel
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv
from tools.venv_plan.__main__ import main
from tools.venv_plan.groups import Distribution, Group, patterns, propose
from tools.venv_plan.history import History, changed, read_history

DAY = 24 * 60 * 60
NOW = 1_700_000_000
LOCK = "locks/train.txt"


class Repository:
    """A workspace in a git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q")

    def git(self, *arguments: str, day: int = 0) -> None:
        date = {f"GIT_{who}_DATE": f"@{NOW + day * DAY} +0000" for who in ("AUTHOR", "COMMITTER")}
        who = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        env = {**os.environ, **date, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        subprocess.run(["git", *who, *arguments], cwd=self.folder, env=env, check=True)

    def commit(self, pins: Mapping[str, str], day: int, *, digest: str = "0", lock: str = LOCK) -> None:
        path = self.folder / lock
        path.parent.mkdir(exist_ok=True)
        lines = [f"{name}=={version} \\\n    --hash=sha256:{digest}\n" for name, version in pins.items()]
        path.write_text("".join(["# a lock\n", *lines]), encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"day {day}", day=day)


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "workspace")


def counts(history: History) -> dict[str, int]:
    return {name: len(commits) for name, commits in history.changes.items()}


def test_commits_that_change_a_version_are_counted(repository: Repository) -> None:
    repository.commit({"Numpy": "1", "old_one": "1"}, -800)
    repository.commit({"Numpy": "2", "old_one": "1"}, -400)
    repository.commit({"Numpy": "2", "old_one": "1"}, -300, digest="1")
    repository.commit({"Numpy": "3", "old_one": "1", "new": "1"}, -200)
    repository.git("mv", LOCK, "locks/moved.txt")
    repository.git("commit", "-q", "-m", "move", day=-150)
    repository.commit({"Numpy": "4", "old_one": "2", "new": "1"}, 0, lock="locks/moved.txt")
    history = read_history(repository.folder, {"numpy": "4", "old-one": "2", "new": "1"})
    assert history.problem is None
    assert history.locks == ("locks/moved.txt",)
    assert history.days == 365
    assert counts(history) == {"numpy": 2, "old-one": 1}
    assert history.changes["old-one"] < history.changes["numpy"], "one commit for both"


def test_the_file_with_most_of_the_pins_is_the_lock(repository: Repository) -> None:
    rest = {"pandas": "1", "scipy": "1", "torch": "1"}
    other = {f"other{number}": "1" for number in range(9)}
    repository.commit({"numpy": "1"} | other, -20, lock="locks/a.txt")
    repository.commit({"numpy": "1"} | rest, -10)
    repository.commit({"numpy": "2"} | other, -5, lock="locks/a.txt")
    repository.commit({"numpy": "2"} | rest, 0)
    history = read_history(repository.folder, {"numpy": "2"} | rest)
    assert (history.locks, history.days, counts(history)) == ((LOCK,), 10, {"numpy": 1})
    assert read_history(repository.folder, {"scipy": "3"}).problem == "no tracked file pins these versions"


def test_without_a_repository_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    problem = read_history(tmp_path, {"numpy": "1"}).problem
    assert problem is not None
    assert "not a git repository" in problem
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_history(tmp_path, {"numpy": "1"}).problem == "git is not installed"


def test_pins_for_several_pythons_count_when_any_changes() -> None:
    log = (
        "\0first\n--- a/lock\n+++ b/lock\n"
        "-anyio==1 ; python_version < '3.10'\n+anyio==1 ; python_version < '3.9'\n"
        "\0second\n-anyio==1 ; python_version < '3.10'\n-anyio==2 \\\n"
        "+anyio==1\n+anyio==3 \\\n+extra[x] == 1\n"
    )
    assert changed(log) == {"second": {"anyio"}}


def distribution(name: str, size: int, *commits: str) -> Distribution:
    return Distribution(name, "1", size * 1_000_000, frozenset(commits))


TORCH = [
    distribution("torch", 800, "1"),
    distribution("triton", 200, "1"),
    distribution("nvidia-nccl-cu12", 300, "1"),
    distribution("nvidia-cudnn-cu12", 600),
]
OFTEN = [distribution("boto3", 1, *"abcdefgh"), distribution("urllib3", 1, *"abcd")]
SCIENCE = [distribution("numpy", 17, "x", "y"), distribution("pandas", 12, "y", "z")]


def names(groups: Sequence[Group]) -> list[list[str]]:
    return [[each.name for each in group.members] for group in groups]


def test_large_ones_that_rarely_change_are_low_and_by_themselves() -> None:
    groups = propose([*OFTEN, *SCIENCE, *TORCH], 8)
    assert names(groups) == [
        ["nvidia-cudnn-cu12", "nvidia-nccl-cu12", "torch", "triton"],
        ["numpy"],
        ["pandas"],
        ["boto3", "urllib3"],
    ]
    assert patterns(groups[0], groups) == ["nvidia-*", "torch", "triton"]


@pytest.mark.parametrize("most", [1, 2, 3, 8])
def test_there_are_no_more_layers_than_asked_for(most: int) -> None:
    made = random.Random(most)
    many = [
        distribution(
            f"name{number}", made.randrange(1, 99), *(made.sample("abcdefghijkl", made.randrange(9)))
        )
        for number in range(30)
    ]
    groups = propose(many, most)
    assert len(groups) == most
    assert sorted(each.name for group in groups for each in group.members) == sorted(
        each.name for each in many
    )
    assert propose(many[::-1], most) == groups, "the order of wheels does not matter"


def test_a_glob_takes_nothing_of_another_layer() -> None:
    one, other = Group((distribution("a-b", 1), distribution("a-c", 1))), Group((distribution("a-d", 1),))
    assert patterns(one, [one, other]) == ["a-b", "a-c"]
    assert patterns(one, [one]) == ["a-*"]


@pytest.fixture(name="listed")
def _listed(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    noise = random.Random(0)
    parts = []
    for name, size in {"torch": 3_000_000, "numpy": 400_000, "boto3": 100_000}.items():
        wheel = TinyWheel(name, "2.0", files={f"{name}/data": noise.randbytes(size)}).write(tmp_path)
        part, facts = tmp_path / f"{name}.part", tmp_path / f"{name}.json"
        with part.open("wb") as out:
            written = write_part(wheel, Venv("/opt/app", "3.11"), out, Looker())
        facts.write_text(written.dumps(), encoding="utf-8")
        layer = "science" if name == "numpy" else ""
        parts.append({"facts": str(facts), "files": [str(part)], "layer": layer})
    (tmp_path / "parts.json").write_text(json.dumps({"parts": parts}), encoding="utf-8")
    monkeypatch.setenv("VENV_PLAN", str(tmp_path / "parts.json"))
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(repository.folder))
    for month in range(12):
        repository.commit({"torch": "2.0", "numpy": "2.0", "boto3": f"1.{month}"}, 30 * month)
    repository.commit({"torch": "2.0", "numpy": "2.0", "boto3": "2.0"}, 365)
    return repository


def test_the_text_is_one_to_paste(listed: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert (
        capsys.readouterr().out
        == """\
distribution  version   MB  changes
torch         2.0      3.0        0
numpy         2.0      0.4        0
boto3         2.0      0.1       12

Changes of the last 365 days, in locks/train.txt.

Pushed again a month, compressed:
  one layer           3.7 MB
  layers as they are  3.2 MB
  layers proposed     0.2 MB

layers = {
    # 3.4 MB, changed 0 times
    "torch": [
        "numpy",
        "torch",
    ],
    # the rest, 0.1 MB, changed 12 times: boto3
},
"""
    )


def test_the_json_says_the_same(listed: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--json", "--most", "1"])
    data = json.loads(capsys.readouterr().out)
    assert (data["layers"], data["rest"], data["problem"]) == ({}, ["boto3", "numpy", "torch"], None)
    assert data["pushed_a_month"]["layers proposed"] == data["pushed_a_month"]["one layer"]
    assert data["distributions"]["boto3"]["changes"] == 12


def test_without_a_history_it_goes_by_size(
    listed: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY")
    main([])
    text = capsys.readouterr().out
    assert "By size alone, as if all pins changed equally often: there is no workspace." in text
    assert "torch         2.0      3.0        ?" in text
    assert "    # 0.4 MB\n" in text
    assert text.endswith("    # the rest, 0.1 MB: boto3\n},\n")


@pytest.mark.parametrize("word", ["0", "128", "x", "-1"])
def test_a_number_of_layers_that_cannot_be(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--most", word])
    assert "no number of layers" in capsys.readouterr().err or word == "-1"
