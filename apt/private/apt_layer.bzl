"""Rule and macro that make an image layer of a lock's set."""

load("//apt/private:missing_set.bzl", "ARCHITECTURES")
load("//apt/private:providers.bzl", "AptLayerInfo", "AptSetInfo")

_DOC = """One layer with the packages of a set, but for those that the base has, and with dpkg's database."""

_ATTRS = {
    "base": attr.label(
        providers = [AptLayerInfo],
        doc = "The apt layer or apt_base below. Its packages are not added again.",
    ),
    "packages": attr.label(mandatory = True, providers = [AptSetInfo], doc = "The set to install."),
    "_excludes": attr.label(default = "//apt/policy:path-excludes.json", allow_single_file = True, doc = "Path rules."),
    "_policy": attr.label(default = "//apt/policy:scripts.json", allow_single_file = True, doc = "What scripts would do."),
    "_rights": attr.label(
        default = "//apt/policy:rights.json",
        allow_single_file = True,
        doc = "Which packages may give rights away.",
    ),
    "_tool": attr.label(default = "//tools/apt_layer", executable = True, cfg = "exec", doc = "The layer writer."),
}

# The folders of / that are links into /usr, as base-files has them since Debian 13.
_ROOT_LINKS = {
    "amd64": ["bin", "lib", "lib64", "sbin"],
    "arm64": ["bin", "lib", "sbin"],
}

def _check_base(ctx, packages, base):
    """A layer must be of its base's architecture; on one from a lock, of its suite and versions as well."""
    for what, mine, below in [
        ("architecture", packages.arch, base.arch),
        ("suite", packages.suite, base.suite),
    ]:
        if mine != below and not (base.pulled and what == "suite"):
            fail("{}: base {} has the {} {}, the packages have {}; take a lock for {}, or write @{} anew: {}".format(
                ctx.label,
                ctx.attr.base.label,
                what,
                below,
                mine,
                below,
                packages.lock,
                "that of an image by the command NAME_pkgdeps",
            ))
    for deb in packages.debs:
        if base.packages.get(deb.package, deb.version) != deb.version:
            fail("{}: {} is {} in the lock @{} and {} in the base {}, of the lock @{}; {}".format(
                ctx.label,
                deb.package,
                deb.version,
                packages.lock,
                base.packages[deb.package],
                ctx.attr.base.label,
                base.lock,
                "write both locks anew, so that they are of one state of the archive",
            ))

def _lay_out(ctx, packages, base, debs):
    """Declares the action that makes the layer; returns its outputs: layer, state and status."""
    layer = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    state = ctx.actions.declare_file(ctx.label.name + ".state.json")
    status = ctx.actions.declare_file(ctx.label.name + ".status")
    pulled = bool(base) and base.pulled
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    for deb in debs:
        args.add_all("--auto" if deb.package in packages.auto else "--package", [deb.facts, deb.part])
    if base:
        args.add("--base", base.state)
    args.add("--closure", packages.closure)
    args.add("--lock", packages.lock)
    if pulled:
        args.add_all(packages.roots, before_each = "--root")
    args.add("--arch", packages.arch)
    args.add("--suite", packages.suite)
    args.add_all(packages.components, before_each = "--component")
    if packages.merged_usr:
        args.add_all(_ROOT_LINKS.get(packages.arch, ["bin", "lib", "sbin"]), before_each = "--root-link")
    policies = [ctx.file._policy] + packages.scripts
    args.add_all(policies, before_each = "--policy")
    rights = [ctx.file._rights] + packages.rights
    args.add_all(rights, before_each = "--rights")
    args.add("--excludes", ctx.file._excludes)
    args.add("--layer", layer)
    args.add("--state", state)
    args.add("--status", status)
    files = [file for deb in debs for file in (deb.facts, deb.part)]
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = files + rights + policies + [ctx.file._excludes] + ([base.state] if base else []),
        outputs = [layer, state, status],
        mnemonic = "AptLayer",
        progress_message = "Laying out {} packages in %{{label}}".format(
            "what is lacking of {}".format(len(debs)) if pulled else len(debs),
        ),
    )
    return layer, state, status

def _apt_layer_impl(ctx):
    packages = ctx.attr.packages[AptSetInfo]
    base = ctx.attr.base[AptLayerInfo] if ctx.attr.base else None
    if base:
        _check_base(ctx, packages, base)
    installed = base.packages if base else {}
    pulled = bool(base) and base.pulled
    debs = [deb for deb in packages.debs if deb.package not in installed]
    layer, state, status = _lay_out(ctx, packages, base, debs)
    return [
        DefaultInfo(files = depset([layer])),
        OutputGroupInfo(state = depset([state]), status = depset([status])),
        AptLayerInfo(
            arch = packages.arch,
            layer = layer,
            lock = packages.lock,
            packages = {} if pulled else installed | {deb.package: deb.version for deb in debs},
            pulled = pulled,
            state = state,
            status = status,
            suite = packages.suite,
        ),
    ]

apt_layer_rule = rule(
    implementation = _apt_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [AptLayerInfo],
)

def apt_layer(name, lock, set, arch, base = None, **kwargs):
    """One image layer with the packages of a set.

    ```starlark
    apt_layer(name = "debian", lock = "@bookworm", set = "base", arch = "amd64")

    apt_layer(name = "python", lock = "@bookworm", set = "python3.11", arch = "amd64", base = ":debian")
    ```

    Args:
      name: name of the target; its default output is the layer, NAME.tar.gz.
      lock: the lock's repository, as `apt.lock` named it: `@bookworm`.
      set: a set of the lock, such as `base`; it may add to the packages of another lock of the suite.
      arch: Debian's name of the architecture: `amd64` or `arm64`.
      base: an apt_layer or apt_base target below; only what it lacks is added, and dpkg's database is that of both.
      **kwargs: attributes of every rule, such as `tags` and `visibility`.
    """
    if arch not in ARCHITECTURES:
        fail("//{}:{}: arch = {} is no architecture of Debian; its names for them are {}".format(
            native.package_name(),
            name,
            repr(arch),
            ", ".join(ARCHITECTURES),
        ))
    apt_layer_rule(
        name = name,
        base = base,
        packages = "{}//sets:{}.{}".format(lock, set, arch),
        **kwargs
    )
