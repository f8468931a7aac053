"""What is called otherwise on arm64 than on amd64."""

_WORDS = {
    "aarch64-linux-gnu": "x86_64-linux-gnu",
    ":arm64": ":amd64",
    "Architecture: arm64": "Architecture: amd64",
    "(libc6,AArch64)": "(libc6,x86-64)",  # as ldconfig shows it
    "/lib/ld-linux-aarch64.so.1": "/lib64/ld-linux-x86-64.so.2",
    "targets/sbsa-linux": "targets/x86_64-linux",  # NVIDIA's
}


def as_on_amd64(text: str) -> str:
    """A path or a text with the words of amd64."""
    for arm64, amd64 in _WORDS.items():
        text = text.replace(arm64, amd64)
    return text
