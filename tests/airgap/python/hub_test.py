"""What a hub of wheels promises."""

import os
import zipfile


def test_whl_is_one_wheel() -> None:
    assert zipfile.is_zipfile(os.environ["WHEEL"])
    assert os.environ["WHEEL"].endswith(".whl")
