"""Names of images: what they stand for, and what is none."""

from __future__ import annotations

import pytest

from tools.common.errors import ToolError
from tools.registry.reference import Reference

_DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "url", "named"),
    [
        ("localhost:5000/team/app", "http://localhost:5000/v2/team/app", ""),
        ("localhost/app:v1", "http://localhost/v2/app", "v1"),
        ("127.0.0.1:5000/app", "http://127.0.0.1:5000/v2/app", ""),
        ("[::1]:5000/app", "http://[::1]:5000/v2/app", ""),
        ("registry.example/team/app:1.0_a-b", "https://registry.example/v2/team/app", "1.0_a-b"),
        (f"registry.example:5000/a/b/c@{_DIGEST}", "https://registry.example:5000/v2/a/b/c", _DIGEST),
        (f"registry.example/app:v1@{_DIGEST}", "https://registry.example/v2/app", _DIGEST),
        ("registry:5000/app", "https://registry:5000/v2/app", ""),
        ("registry:65535/a.b/c__d---e_f", "https://registry:65535/v2/a.b/c__d---e_f", ""),
        ("10.0.0.1/app", "https://10.0.0.1/v2/app", ""),
        ("http://registry.lab/app", "http://registry.lab/v2/app", ""),
        ("https://localhost:5000/app", "https://localhost:5000/v2/app", ""),
        ("docker.io/debian", "https://registry-1.docker.io/v2/library/debian", ""),
        ("docker.io/nvidia/cuda", "https://registry-1.docker.io/v2/nvidia/cuda", ""),
    ],
)
def test_names(text: str, url: str, named: str) -> None:
    reference = Reference.parse(text)
    assert (reference.url, reference.named) == (url, named)
    assert str(reference) == text.partition("://")[2] or text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("app", "it must begin with the registry's host"),
        ("team/app", "it must begin with the registry's host"),
        ("localhost:x/app", "it must begin with the registry's host"),
        ("ftp://registry.example/app", "not ftp://"),
        ("registry.example/", "a repository has lower-case letters"),
        ("registry.example/App", "a repository has lower-case letters"),
        ("registry.example/a//b", "a repository has lower-case letters"),
        ("registry.example/a?x=1", "a repository has lower-case letters"),
        ("registry.example/a-", "a repository has lower-case letters"),
        ("registry.example/a..b", "a repository has lower-case letters"),
        ("registry.example/a___b", "a repository has lower-case letters"),
        ("registry.example/a" + "-" * 60 + "A", "a repository has lower-case letters"),
        ("registry.example:99999/app", "a port is at most 65535"),
        ("registry.example/app:", "a tag has at most 128"),
        ("registry.example/app:" + "x" * 129, "a tag has at most 128"),
        ("registry.example/app@sha256:12", "64 hexadecimal digits"),
    ],
)
def test_what_is_no_name(text: str, reason: str) -> None:
    with pytest.raises(ToolError, match=reason):
        Reference.parse(text)


def test_repositories_below_and_images_in_one() -> None:
    reference = Reference.parse("http://registry.lab/team:v1")
    assert str(reference.below("runtime")) == "registry.lab/team/runtime"
    assert str(reference.below("")) == "registry.lab/team"
    assert reference.below("runtime").scheme == "http"
    assert str(reference.at("v2")) == "registry.lab/team:v2"
    assert str(reference.at(_DIGEST)) == f"registry.lab/team@{_DIGEST}"
    with pytest.raises(ToolError, match="a repository has"):
        reference.below("../other")
