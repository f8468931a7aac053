"""Attributes of py_test: args, env, data and imports; and multiprocessing finds its way."""

import multiprocessing
import os
import sys
from pathlib import Path

import greeting


def child(queue: "multiprocessing.Queue[str]") -> None:
    """Runs in a fresh interpreter, which has to import this file and `greeting` again."""
    queue.put(greeting.GREETING)


def main() -> None:
    """Checks one after the other."""
    assert sys.argv[1:] == ["--data", "tests/airgap/python/exe/data.txt", "two words"], sys.argv
    assert os.environ["PLAIN"] == "value"
    assert Path(os.environ["DATA"]).read_text() == "runfile\n"
    assert Path.cwd().name == "_main"
    assert sys.path.index(str(Path.cwd())) > 0, "the workspace must not hide the standard library"
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[str] = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    assert queue.get(timeout=30) == "hello"
    process.join()


if __name__ == "__main__":
    main()
