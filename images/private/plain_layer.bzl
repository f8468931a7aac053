"""`plain_layer`: a layer of plain files, which rules_pkg puts together.

    load("//images/private:plain_layer.bzl", "plain_layer")

    plain_layer(
        name = "home",
        empty_dirs = ["home/jupyter"],
        mode = "1777",
    )

Versions of rules_pkg archive alike, and compress differently. Digests are to be the same whichever of them is there, so
a program of ours compresses.
"""

load("@rules_pkg//pkg:tar.bzl", "pkg_tar")

def plain_layer(name, **kwargs):
    """Makes NAME.tar.gz, which belongs to root and has no times.

    Args:
        name: name of the target.
        **kwargs: further attributes of pkg_tar.
    """
    pkg_tar(
        name = name,
        compressor = Label("//tools/compress"),
        extension = "tar.gz",
        mtime = 0,
        owner = "0.0",
        portable_mtime = False,
        **kwargs
    )
