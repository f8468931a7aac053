"""Providers of apt rules."""

DebInfo = provider(
    doc = "One locked .deb as a layer part.",
    fields = {
        "deb": "File: the .deb itself, for tests that hold the part against it.",
        "facts": "File: JSON with the package's status stanza, directories, files and triggers.",
        "package": "string: the package's name.",
        "part": "File: its files and its entries of /var/lib/dpkg/info, as a gzip-compressed tar part.",
        "sha256": "string: the SHA-256 of the .deb, in hex.",
        "version": "string: the package's version.",
    },
)

AptSetInfo = provider(
    doc = "A set of a lock on one architecture: the packages that are installed together.",
    fields = {
        "arch": "string: Debian's name of the architecture, such as `arm64`.",
        "auto": "list of strings: names of those packages that only dependencies asked for.",
        "closure": "string: `apt`, or `elf` when the packages may lack what their Depends name.",
        "components": "list of strings: components of the archive that were locked, such as `main`.",
        "debs": "list of DebInfo: all packages, those of the sets below included.",
        "lock": "string: name of the lock's repository, for messages.",
        "merged_usr": "bool: whether /bin, /lib and /sbin are links into /usr.",
        "rights": "list of File: policies of rights beside the one of this repository.",
        "roots": "list of strings: names of the packages that the set itself asks for; what they need is `auto`.",
        "scripts": "list of File: what maintainer scripts would do, beside the policy of this repository.",
        "suite": "string: the suite, such as `bookworm`.",
    },
)

AptLayerInfo = provider(
    doc = "What is installed after an apt layer, its bases included.",
    fields = {
        "arch": "string: Debian's name of the architecture.",
        "layer": "File: the layer, .tar.gz; None for a pulled image.",
        "lock": "string: name of the repository of its set's lock, for messages; None for a pulled image.",
        "packages": "dict from package name to version: everything installed so far, as far as it is known before the build.",
        "pulled": "bool: whether an image lies below, so that only the state knows what is installed.",
        "state": "File: JSON from which an apt layer on top continues.",
        "status": "File: dpkg's status file, as it is in the image.",
        "suite": "string: the suite, such as `bookworm`; None for a pulled image.",
    },
)
