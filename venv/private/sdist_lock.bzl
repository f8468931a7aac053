"""Reads the pins of a lock, as far as fetching source distributions needs them.

A lock that is none is no failure here: the error is kept for whoever asks for one of its packages, as the command that
writes the lock anew must be able to run.
"""

_HEADER = "via the following command:"
_HASH = "--hash=sha256:"

def package_name(name):
    """The Bazel package of a distribution, as in pip hubs.

    Args:
        name: the distribution, `Foo.Bar-baz`.

    Returns:
        A string, `foo_bar_baz`.
    """
    parts = name.lower().replace("-", "_").replace(".", "_").split("_")
    return "_".join([part for part in parts if part])

def _logical_lines(text):
    """Lines joined where they are continued, without comments, and the number of each one's first."""
    found, start, parts = [], 0, []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        line = "" if line.startswith("#") else line.partition(" #")[0].rstrip()
        start = start if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            found.append((start, " ".join(parts).strip()))
            parts = []
    return found

def _refresh(text):
    lines = text.split("\n")[:10]
    for header, command in zip(lines, lines[1:]):
        if header.startswith("#") and header.rstrip().endswith(_HEADER):
            return command.lstrip("#").strip()
    return ""

def _pin(line, where):
    """One pin, or None where there is none."""
    requirement = line.partition(" --")[0].partition(";")[0].strip()
    name, equal, version = requirement.partition("==")
    hashes = [word.removeprefix(_HASH) for word in line.split(" ") if word.startswith(_HASH)]
    if not equal or not hashes or not name.strip():
        return None
    return struct(
        hashes = hashes,
        name = name.partition("[")[0].strip(),
        version = version.strip(),
        where = where,
    )

def read_pins(mctx, label):
    """Reads a lock.

    Args:
        mctx: context of the module extension.
        label: the lock's label.

    Returns:
        A struct: `error`, why there are no pins, `pins` (structs with `name`, `version`, `hashes` and `where`), and if
        there are any, `options`, lines such as `--extra-index-url URL`, `folder`, where a lock with options is, and
        `refresh`, the command that writes the lock.
    """
    shown = "/".join([part for part in [label.package, label.name] if part])
    path = mctx.path(label)
    if path.basename not in [entry.basename for entry in path.dirname.readdir()]:
        return struct(error = "{}: there is no such lock; write it".format(shown), pins = [])
    text = mctx.read(path)
    options, pins, wrong = [], [], []
    for number, line in _logical_lines(text):
        if not line:
            continue
        if line.startswith("-"):
            options.append(line)
            continue
        pin = _pin(line, "{}:{}".format(shown, number))
        if pin:
            pins.append(pin)
        else:
            wrong.append("{}:{}: {} has no version with == or no sha256".format(shown, number, line.partition(" ")[0]))
    refresh = _refresh(text)
    if wrong:
        remedy = "\n  Write the lock anew, with hashes" + (": " + refresh if refresh else "")
        return struct(error = "\n".join(wrong) + remedy, pins = [])
    return struct(
        error = "",
        # Without options, the place of the workspace is not for the repositories to know.
        folder = str(path.dirname) if options else "",
        options = options,
        pins = pins,
        refresh = refresh,
    )
