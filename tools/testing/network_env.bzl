"""Variables that say how packages and wheels are reached, for `env_inherit` of tests that reach them."""

NETWORK_ENV = [
    "APT_MIRROR",
    "APT_SECURITY_MIRROR",
    "APT_SNAPSHOT_MIRROR",
    "HOME",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "PIP_CONSTRAINT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
]
