"""Repository rule for one locked .deb."""

_DOC = """Downloads one .deb by hash, from the first mirror that has it."""

_ATTRS = {
    "archive": attr.string(mandatory = True, doc = "Which archive it is in: `debian` or `debian-security`."),
    "mirrors": attr.label(mandatory = True, doc = "The file of the `apt_mirrors` repository."),
    "package": attr.string(mandatory = True, doc = "Name, version and architecture, for messages."),
    "path": attr.string(mandatory = True, doc = "Path in the archive: `pool/...`."),
    "probe": attr.string(mandatory = True, doc = "A file that the archive has as long as it is reachable."),
    "refresh": attr.string(mandatory = True, doc = "The command that writes the lock anew, for messages."),
    "sha256": attr.string(mandatory = True, doc = "The hash that the lock has."),
}

_FILE = "package.deb"

def _quote(path):
    """Epochs and pluses appear in names of pool files; mirrors want them escaped."""
    return path.replace("%", "%25").replace("+", "%2B").replace(" ", "%20").replace("~", "~")

def _gone(rctx, urls):
    return "\n".join([
        "apt: the .deb of {} is no longer on the mirror:".format(rctx.attr.package),
    ] + ["    " + url for url in urls] + [
        "  Debian replaces packages by newer ones. Refresh the lock:",
        "    " + rctx.attr.refresh,
        "  or name a snapshot of the archive that still has it:",
        "    APT_SNAPSHOT_MIRROR=http://HOST/archive/debian/TIMESTAMP",
    ])

def _changed(rctx, urls, got):
    return "\n".join([
        "apt: the .deb of {} is not the one that was locked:".format(rctx.attr.package),
        "    expected SHA-256 " + rctx.attr.sha256,
        "    got SHA-256      " + got,
        "    from " + urls[0],
        "  Either the lock was edited, or the mirror was. When you trust the mirror, refresh the lock:",
        "    " + rctx.attr.refresh,
    ])

def _unreachable(rctx, mirrors):
    return "\n".join([
        "apt: cannot fetch the .deb of {}: there is no network, or the mirror is down:".format(rctx.attr.package),
    ] + ["    " + mirror for mirror in mirrors] + [
        "  Another mirror can be named: APT_MIRROR=http://HOST/debian",
        "  (and APT_SECURITY_MIRROR, unless debian-security is its sibling).",
    ])

def _diagnose(rctx, mirrors, urls):
    """Says why the download failed: with other bytes, without the file, or without an answer at all."""
    other = rctx.download(urls, "other", allow_fail = True)
    rctx.delete("other")
    if other.success:
        return _changed(rctx, urls, other.sha256)
    probe = rctx.download([mirror + "/" + rctx.attr.probe for mirror in mirrors], "probe", allow_fail = True)
    rctx.delete("probe")
    return _gone(rctx, urls) if probe.success else _unreachable(rctx, mirrors)

def _deb_archive_impl(rctx):
    found = json.decode(rctx.read(rctx.attr.mirrors))
    mirrors = found["archives"].get(rctx.attr.archive, [])
    if not mirrors:
        fail("apt: {}.\n  {}".format(found["problem"] or "no mirror is known for " + rctx.attr.archive, found["remedy"]))
    urls = [mirror + "/" + _quote(rctx.attr.path) for mirror in mirrors]
    result = rctx.download(urls, _FILE, sha256 = rctx.attr.sha256, allow_fail = True)
    if not result.success:
        fail(_diagnose(rctx, mirrors, urls))
    rctx.file("BUILD.bazel", 'exports_files(["{}"])\n'.format(_FILE))

deb_archive = repository_rule(
    implementation = _deb_archive_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
