"""Runs the Python half of the pip extension."""

_FILES = [
    Label("//python/private/pypi:wheels/{}.py".format(name))
    for name in [
        "__init__",
        "__main__",
        "archive",
        "cache",
        "errors",
        "explain",
        "fetch",
        "lock",
        "locks",
        "markers",
        "metadata",
        "names",
        "request",
        "requirement",
        "target",
        "versions",
        "wheel",
    ]
]

# A wheel of a gigabyte takes its time on a slow line; pip itself gives up on a dead one sooner.
_TIMEOUT = 7200

def run_tool(ctx, python, command, argument):
    """Runs `wheels COMMAND ARGUMENT` and fails with what it says when it fails.

    Args:
      ctx: a `module_ctx` or `repository_ctx`.
      python: str: the interpreter.
      command: str: what to do; see wheels/__main__.py.
      argument: str: what to do it with.

    Returns:
      The JSON value that it printed, or None.
    """

    # Each label is resolved so that a change of any file evaluates this anew.
    folders = {str(ctx.path(file).dirname): None for file in _FILES}
    result = ctx.execute([python, "-BIS", folders.keys()[0], command, argument], timeout = _TIMEOUT)
    if result.return_code:
        fail("\n" + (result.stderr or result.stdout or "{} {} ended with {}".format(python, command, result.return_code)))
    return json.decode(result.stdout) if result.stdout else None
