"""Finds out, on the machine at hand, where Debian's archives are. No mirror is named in this repository.

In this order: `APT_MIRROR` (and `APT_SECURITY_MIRROR`) in the environment; the sources of the machine's own
apt. `APT_SNAPSHOT_MIRROR` is asked for what these no longer have.
"""

_DOC = """Writes mirrors.json: the URLs of each archive, or why there are none."""

MAIN = "debian"
SECURITY = "debian-security"

_VARIABLES = ["APT_MIRROR", "APT_SECURITY_MIRROR", "APT_SNAPSHOT_MIRROR"]
_SOURCES = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"]
_SUFFIXES = ["", "-updates", "-backports", "-proposed-updates"]
_SUITES = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
]

def _urls(value):
    """The URLs in an environment variable; apt's `file:/path` is `file:///path` elsewhere."""
    return [
        ("file:///" + url.removeprefix("file:").lstrip("/") if url.startswith("file:/") else url).rstrip("/")
        for url in (value or "").split(" ")
        if url
    ]

def _is_url(url):
    """Whether Bazel's downloader and apt can both make something of it."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return rest.startswith("/")
    host = rest.partition("/")[0].rpartition("@")[2]
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    return scheme in ("http", "https") and bool(name if colon else host) and (not colon or port.isdigit())

def _problem(rctx):
    """Names the variable whose value is no mirror, if there is one."""
    for name in _VARIABLES:
        for value in (rctx.getenv(name) or "").split(" "):
            if [url for url in _urls(value) if not _is_url(url)]:
                return "{}={} is no address of a Debian mirror".format(name, value), (
                    "Give a URL that holds dists/ and pool/: {}=http://HOST/debian (or https:, or file:/PATH)".format(name)
                )
    return "", ""

def _sibling(url):
    """The security archive beside a main archive; the same place when its path does not say `debian`."""
    parts = url.split("/")
    for index in range(len(parts) - 1, 2, -1):
        if parts[index] == MAIN:
            return "/".join(parts[:index] + [SECURITY] + parts[index + 1:])
    return url

def _unique(values):
    return {value: None for value in values}.keys()

def _from_apt(rctx):
    """The archives in apt's sources, as apt itself reads them: it names every Release file that it would fetch."""
    apt = rctx.which("apt-get")
    if not apt:
        return [], []
    rctx.getenv("APT_CONFIG")  # apt reads it too, and so may see other sources
    for source in _SOURCES:
        path = rctx.path(source)
        if path.exists and not path.is_dir:
            rctx.watch(path)
        elif path.exists:
            rctx.watch_tree(path)
    rctx.file("apt/lists/partial/.keep")
    state = rctx.path("apt")
    done = rctx.execute([apt, "update", "--print-uris", "-o", "Dir::State={}".format(state)], environment = {"LC_ALL": "C"})
    main, security = [], []
    for line in done.stdout.splitlines():
        url = line.split("'")[1] if line.count("'") == 2 else ""
        base, found, rest = url.partition("/dists/")
        suite = rest.removesuffix("/InRelease")
        if not found or suite == rest:
            continue
        if suite in [name + suffix for name in _SUITES for suffix in _SUFFIXES]:
            main.extend(_urls(base))
        elif suite in [name + "-security" for name in _SUITES] or suite.endswith("/updates"):
            security.extend(_urls(base))
    return main, security

def _apt_mirrors_impl(rctx):
    main = _urls(rctx.getenv("APT_MIRROR"))
    security = _urls(rctx.getenv("APT_SECURITY_MIRROR"))
    if not main:
        main, found = _from_apt(rctx)
        security = security or found
    security = security or [_sibling(url) for url in main]
    snapshots = _urls(rctx.getenv("APT_SNAPSHOT_MIRROR"))
    main = main + snapshots
    problem, remedy = _problem(rctx)
    if not problem and not main:
        problem = "this machine's apt has no Debian mirror among its sources, and APT_MIRROR is not set"
        remedy = "Name one: APT_MIRROR=http://HOST/debian"
    content = {
        "archives": {
            MAIN: _unique(main),
            SECURITY: _unique(security + [_sibling(url) for url in snapshots]),
        },
        "problem": problem,
        "remedy": remedy,
    }
    rctx.file("mirrors.json", json.encode_indent(content, indent = "  ") + "\n")
    rctx.file("BUILD.bazel", 'exports_files(["mirrors.json"])\n')

apt_mirrors = repository_rule(
    implementation = _apt_mirrors_impl,
    doc = _DOC,
    configure = True,
    local = True,
)
