"""Targets that are there for each architecture, by the one of the platform that is built for."""

load("//images:config.bzl", "ARCHITECTURES")

# Labels, and not their names: macros are called in other workspaces too, which may have other names for modules.
CPUS = {
    "amd64": Label("@platforms//cpu:x86_64"),
    "arm64": Label("@platforms//cpu:aarch64"),
}

def platform_select(name, of, architectures = ARCHITECTURES):
    """The target for the platform that is built for.

    Args:
        name: name of the target that needs it, for messages.
        of: name of the targets, with {} for the architecture.
        architectures: list of the architectures that there are.

    Returns:
        A select().
    """
    return select(
        {CPUS[arch]: of.format(arch) for arch in architectures},
        no_match_error = "//{}:{} is there for {}; choose one by --platforms, or by its name: {}".format(
            native.package_name(),
            name,
            " and ".join(architectures),
            ", ".join([of.format(arch) for arch in architectures]),
        ),
    )

def by_architecture(name, of = None, architectures = ARCHITECTURES, **common):
    """An alias of the target for the platform that is built for.

    Args:
        name: name of the alias.
        of: name of the targets, with {} for the architecture; NAME_ARCH if none.
        architectures: list of the architectures that there are.
        **common: attributes of the alias, such as `tags` and `visibility`.
    """
    native.alias(
        name = name,
        actual = platform_select(name, of or name + "_{}", architectures),
        **common
    )
