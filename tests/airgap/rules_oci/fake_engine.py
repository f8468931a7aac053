"""Stand where docker or podman would: keep the archive that `load` is given; end as $ENGINE_EXIT says."""

import os
import shutil
import sys


def main() -> int:
    """Called as `fake_engine load --input FILE`."""
    assert sys.argv[1:3] == ["load", "--input"], sys.argv
    if code := int(os.environ.get("ENGINE_EXIT", "0")):
        return code
    with open(sys.argv[3], "rb") as archive, open(os.environ["ENGINE_OUTPUT"], "wb") as output:
        shutil.copyfileobj(archive, output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
