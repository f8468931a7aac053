"""The README's example is this package's BUILD file, so that what people paste is what was tested."""

import re
from pathlib import Path


def test_readme_shows_this_build_file() -> None:
    blocks = re.findall(r"```starlark\n(.*?)```", Path("README.md").read_text(), flags=re.DOTALL)
    build = Path("tests/own_image/BUILD.bazel").read_text()
    assert blocks, "README.md has no starlark block"
    for block in blocks:
        assert block.strip() in re.sub(r', "image_test"\)\nload\(.*pytest_test"\)', ', "image_test")', build), block
