"""Repository rule for one locked .deb."""

_DOC = """Downloads one .deb by hash, from the first mirror that has it."""

_ATTRS = {
    "archive": attr.string(mandatory = True, doc = "Which archive it is in: `debian` or `debian-security`."),
    "mirrors": attr.label(mandatory = True, doc = "The file of the `apt_mirrors` repository."),
    "package": attr.string(mandatory = True, doc = "Name, version and architecture, for messages."),
    "path": attr.string(mandatory = True, doc = "Path in the archive: `pool/...`."),
    "refresh": attr.string(mandatory = True, doc = "The command that writes the lock anew, for messages."),
    "sha256": attr.string(mandatory = True, doc = "The hash that the lock has."),
    "_probe": attr.label(default = "//apt/private:probe.py", doc = "Program that looks into a failed download."),
}

_FILE = "package.deb"
_PROXIES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]

def _quote(path):
    """Escapes what has a meaning in URLs; pluses are common in names of pool files."""
    return path.replace("%", "%25").replace("+", "%2B").replace(" ", "%20")

def _changed(attr, url, got):
    return """apt: the .deb of {package} has other bytes than the lock says.
  expected SHA-256 {expected}
  got SHA-256      {got}
  from {url}
  If you trust this mirror, refresh the lock: {refresh}""".format(
        expected = attr.sha256,
        got = got,
        package = attr.package,
        refresh = attr.refresh,
        url = url,
    )

def _gone(attr, urls):
    return """apt: the .deb of {package} is no longer on the mirror, as Debian has a newer one:
  {urls}
  Refresh the lock: {refresh}
  or name a snapshot of the archive that has it: APT_SNAPSHOT_MIRROR=http://HOST/archive/debian/TIMESTAMP""".format(
        package = attr.package,
        refresh = attr.refresh,
        urls = "\n  ".join(urls),
    )

def _proxies(rctx):
    """The proxies that the environment names, without passwords."""
    found = []
    for name in _PROXIES:
        scheme, separator, rest = rctx.os.environ.get(name, "").rpartition("://")
        if rest:
            host = "***@" + rest.rpartition("@")[2] if "@" in rest else rest
            found.append("{}={}{}{}".format(name, scheme, separator, host))
    return "\n  All goes through a proxy that the environment names: " + ", ".join(found) if found else ""

def _unreachable(rctx, urls, answers):
    failures = ["{}: {}".format(url, answer) for url, answer in zip(urls, answers)]
    return """apt: cannot fetch the .deb of {package}; there is no network, or the mirror is down:
  {failures}{proxies}
  Another mirror can be named: APT_MIRROR=http://HOST/debian (its sibling debian-security, or APT_SECURITY_MIRROR)""".format(
        failures = "\n  ".join(failures),
        package = rctx.attr.package,
        proxies = _proxies(rctx),
    )

def _diagnose(rctx, urls):
    """Says why the download failed: other bytes, no such file, or no answer at all."""
    python = rctx.which("python3")
    done = rctx.execute([python, rctx.attr._probe] + urls) if python else None
    if not done or done.return_code:
        return _unreachable(rctx, urls, ["see the warning above"] * len(urls))
    answers = json.decode(done.stdout)
    for url, answer in zip(urls, answers):
        if answer.get("sha256") == rctx.attr.sha256:
            return "apt: the .deb of {} is at {} but could not be stored here; see the warning above".format(
                rctx.attr.package,
                url,
            )
        if "sha256" in answer:
            return _changed(rctx.attr, url, answer["sha256"])
    if all([answer.get("status") in (404, 410) for answer in answers]):
        return _gone(rctx.attr, urls)
    return _unreachable(
        rctx,
        urls,
        [answer.get("error") or "HTTP status {}".format(answer["status"]) for answer in answers],
    )

def _deb_archive_impl(rctx):
    found = json.decode(rctx.read(rctx.attr.mirrors))
    if found["problem"]:
        fail("apt: {}.\n  {}".format(found["problem"], found["remedy"]))
    mirrors = found["archives"].get(rctx.attr.archive, [])
    if not mirrors:
        fail("apt: no mirror is known for the archive {} of {}.\n  Refresh the lock: {}".format(
            rctx.attr.archive,
            rctx.attr.package,
            rctx.attr.refresh,
        ))
    urls = [mirror + "/" + _quote(rctx.attr.path) for mirror in mirrors]
    result = rctx.download(urls, _FILE, sha256 = rctx.attr.sha256, allow_fail = True)
    if not result.success:
        fail(_diagnose(rctx, urls))
    rctx.file("BUILD.bazel", 'exports_files(["{}"])\n'.format(_FILE))

deb_archive = repository_rule(
    implementation = _deb_archive_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
