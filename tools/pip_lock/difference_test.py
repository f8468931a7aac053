"""What a person reads about a changed lock."""

import pytest

from tools.pip_lock.difference import difference, summary


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "six==1.0", ["+ six 1.0"]),
        ("six==1.0", "", ["- six 1.0"]),
        ("six==1.0", "six==1.1", ["~ six 1.0 -> 1.1"]),
        ("six==1.10", "six==1.9", ["~ six 1.10 -> 1.9, which is older"]),
        ("six==1.0", "six==1.0+cu128", ["~ six 1.0 -> 1.0+cu128"]),
        ("six==1.0", "six==1.0 ; os_name == 'nt'", ["~ six 1.0 -> 1.0 ; os_name == 'nt'"]),
        ("six==1.0", "six[fast]==1.0", ["~ six 1.0 -> [fast] 1.0"]),
        ("six==1 ; a\nsix==2 ; b", "six==1 ; a\nsix==3 ; b", ["~ six 2 -> 3 where b"]),
        ("six==2 ; b", "six==1 ; a\nsix==2 ; b", ["~ six besides -> 1 ; a"]),
        ("six==1 ; a\nsix==2 ; b", "six==2 ; b", ["~ six 1 ; a -> gone, which is older"]),
        (
            "six==1 \\\n --hash=a",
            "six==1 \\\n --hash=b \\\n --hash=c",
            ["~ six 1, other hashes: 1 gone, 2 added"],
        ),
        ("six==1 \\\n --hash=a", "six==1 \\\n --hash=a \\\n --hash=c", ["~ six 1, other hashes: 1 added"]),
        ("--find-links a\nsix==1", "--find-links b\nsix==1", ["+ --find-links b", "- --find-links a"]),
        ("# one\nsix==1", "# two\nsix==1", ["~ order or comments"]),
        ("six==1", "six==1", []),
    ],
)
def test_a_distribution_has_one_line(old: str, new: str, expected: list[str]) -> None:
    assert difference(old, new) == expected


def test_kinds_are_together_and_counted() -> None:
    old = "a==1\nb==1\nc==1\nd==2\ne==1 --hash=x\n"
    new = "b==2\nc==2\nd==1\ne==1 --hash=y\nf==1\n"
    assert [line[:3] for line in difference(old, new)] == ["+ f", "- a", "~ b", "~ c", "~ d", "~ e"]
    expected = "5 distributions locked: 1 added, 1 removed, 2 upgraded, 1 downgraded, 1 changed"
    assert summary(old, new) == expected
    assert summary(new, new) == "5 distributions locked"
