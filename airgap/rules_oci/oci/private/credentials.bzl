"""Credentials for a registry: what docker or podman wrote when the user logged in, and the token that it buys.

Bazel's downloader does not show the answer's headers, so a registry's WWW-Authenticate challenge can't be read. The
challenges of well-known registries are data here, and `www_authenticate_challenges` adds others.
"""

load("@aspect_bazel_lib//lib:base64.bzl", "base64")

# What changes which credentials are found.
CREDENTIALS_ENVIRON = [
    "DOCKER_CONFIG",
    "HOME",
    "OCI_GET_TOKEN_ALLOW_FAIL",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
]

# End of the registry's name -> (realm, service). The challenge is a bearer token for pulling.
_KNOWN_CHALLENGES = {
    "index.docker.io": ("auth.docker.io/token", "registry.docker.io"),
    "public.ecr.aws": ("{registry}/token", "{registry}"),
    "ghcr.io": ("{registry}/token", "{registry}/token"),
    "cgr.dev": ("{registry}/token", "{registry}"),
    ".azurecr.io": ("{registry}/oauth2/token", "{registry}"),
    "registry.gitlab.com": ("gitlab.com/jwt/auth", "container_registry"),
    ".app.snowflake.com": ("{registry}/v2/token", "{registry}"),
    "docker.elastic.co": ("docker-auth.elastic.co/auth", "token-service"),
    "quay.io": ("{registry}/v2/auth", "{registry}"),
    "nvcr.io": ("{registry}/proxy_auth", "{registry}"),
}

_DEFAULT_SCOPE = "repository:{repository}:pull"

_NO_TOKEN = """Can't pull {image}: {host} gives no token for it; the warning above says why.
  If there is no way to {registry}, let Bazel ask a mirror that has the image:
    --repo_env=OCI_GET_TOKEN_ALLOW_FAIL=1 --experimental_downloader_config=FILE
  where FILE has a line such as: rewrite {registry}/(.*) mirror.example/$1"""

# stdin of `docker-credential-NAME get` is the server; a repository rule has no other way to write to stdin.
_HELPER_COMMAND = 'printf %s "$2" | "docker-credential-$1" get'

def parse_challenge(host, header):
    """Takes a WWW-Authenticate header with one challenge apart.

    Args:
        host: whose header it is, for errors.
        header: such as `Bearer realm="https://auth.example/token",service="registry"`.

    Returns:
        A struct of scheme, realm, service and scope.
    """
    scheme, _, rest = header.strip().partition(" ")
    values = {}
    for part in rest.split(","):
        key, separator, value = part.strip().partition("=")
        if not separator or " " in key:
            fail("www_authenticate_challenges['%s']: want one challenge with key=\"value\" parts, got '%s'" % (host, header))
        values[key] = value.strip('"')
    for key in ["realm", "service"]:
        if not values.get(key):
            fail("www_authenticate_challenges['%s']: %s is missing in '%s'" % (host, key, header))
    return struct(
        scheme = scheme,
        realm = values["realm"],
        service = values["service"],
        scope = values.get("scope", _DEFAULT_SCOPE),
    )

def _challenge(rctx):
    """The challenge of this repository's registry, or None."""
    challenges = {
        host: struct(scheme = "Bearer", realm = realm, service = service, scope = _DEFAULT_SCOPE)
        for (host, (realm, service)) in _KNOWN_CHALLENGES.items()
    }
    for host, header in rctx.attr.www_authenticate_challenges.items():
        challenges[host] = parse_challenge(host, header)
    for host, challenge in challenges.items():
        if rctx.attr.registry.endswith(host):
            return challenge
    return None

def _config(rctx):
    """The content of the user's configuration file, empty when there is none."""
    if rctx.attr.config:
        return json.decode(rctx.read(rctx.attr.config))
    home = rctx.os.environ.get("HOME", "/nonexistent")
    candidates = [
        rctx.os.environ.get("DOCKER_CONFIG", home + "/.docker") + "/config.json",
        rctx.os.environ.get("REGISTRY_AUTH_FILE") or
        rctx.os.environ.get("XDG_RUNTIME_DIR", home + "/.config") + "/containers/auth.json",
    ]
    for candidate in candidates:
        path = rctx.path(candidate)
        if path.exists:
            return json.decode(rctx.read(path))
    return {}

def _basic(login, password):
    return {"type": "basic", "login": login, "password": password}

def _from_helper(rctx, helper, server, may_fail):
    result = rctx.execute(["sh", "-c", _HELPER_COMMAND, "sh", helper, server])
    if result.return_code:
        if may_fail:
            return None
        fail("docker-credential-%s get %s failed with exit code %d:\n%s%s" %
             (helper, server, result.return_code, result.stdout, result.stderr))
    answer = json.decode(result.stdout)
    if not answer["Username"] and not answer["Secret"]:
        return None
    return _basic(answer["Username"], answer["Secret"])

def _from_entry(rctx, config, server, entry, may_fail):
    """Credentials of one entry of `auths`."""
    if not entry:
        helper = config.get("credsStore")
        return _from_helper(rctx, helper, server, may_fail) if helper else None
    if "auth" in entry:
        login, separator, password = base64.decode(entry["auth"]).partition(":")
        if not separator:
            fail("The entry of %s in the docker configuration is not in the form user:password." % server)
        return _basic(login, password or entry.get("identitytoken", ""))
    if "username" in entry and "password" in entry:
        return _basic(entry["username"], entry["password"])
    return None

def _host(server):
    return server.removeprefix("https://").removeprefix("http://").removesuffix("/v1/")

def _login(rctx, config, may_fail):
    """The user's credentials for the registry, or None."""
    registry = rctx.attr.registry
    for server, helper in config.get("credHelpers", {}).items():
        if _host(server) == registry:
            found = _from_helper(rctx, helper, server, may_fail)
            if found:
                return found
    for server, entry in config.get("auths", {}).items():
        if _host(server) == registry:
            found = _from_entry(rctx, config, server, entry, may_fail)
            if found:
                return found
    if "credsStore" in config:
        return _from_helper(rctx, config["credsStore"], registry, True)
    return None

def _token(rctx, challenge, login, may_fail):
    """Buys a token for pulling."""
    values = {"registry": rctx.attr.registry, "repository": rctx.attr.repository}
    realm = challenge.realm.format(**values)
    url = "{realm}?scope={scope}&service={service}".format(
        realm = realm if "://" in realm else "https://" + realm,
        scope = challenge.scope.format(**values),
        service = challenge.service.format(**values),
    )
    if login and login["login"] == "<token>":
        fail("%s: the credentials are an OAuth2 identity token, which this drop-in can't exchange; log in with a password or an access token." % rctx.attr.registry)
    answer = rctx.download(
        url = [url],
        output = "token.json",
        auth = {url: login} if login else {},
        allow_fail = True,
    )
    if not answer.success:
        if may_fail:
            return None
        fail(_NO_TOKEN.format(
            host = url.split("/")[2],
            image = "{}/{}".format(rctx.attr.registry, rctx.attr.repository),
            registry = rctx.attr.registry,
        ))
    content = json.decode(rctx.read("token.json"))
    rctx.delete("token.json")
    token = content.get("access_token") or content.get("token")
    if not token:
        if may_fail:
            return None
        fail("%s: the answer of %s has neither access_token nor token" % (rctx.attr.registry, url))
    return {"type": "pattern", "pattern": challenge.scheme + " <password>", "password": token}

def credentials(rctx):
    """Finds the credentials for the registry and repository of a repository rule.

    Args:
        rctx: context of a repository rule with registry, repository, config and www_authenticate_challenges.

    Returns:
        A struct of `auth`, for the downloader, or None; and `configured`, whether there is a configuration file.
    """
    may_fail = "OCI_GET_TOKEN_ALLOW_FAIL" in rctx.os.environ
    config = _config(rctx)
    auth = _login(rctx, config, may_fail)
    challenge = _challenge(rctx)
    if challenge:
        auth = _token(rctx, challenge, auth, may_fail)
    return struct(auth = auth, configured = bool(config))
