"""What a push sends, and what it does not, against a real registry."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry, serve
from tests.launcher.terminal import run
from tests.push.checks import check_complete
from tests.push.images import Made, Pusher, index, noise, plan, planned, top
from tests.push.proxy import Fault, Proxy, proxied

SHARED = noise("shared", 300_000)
HERE = ["-r", "localhost:1/team", "-t", "v1"]
KINDS = ("runtime", "vanilla", "jupyter")


def matrix(folder: Path, own: str = "own") -> Path:
    """Three images, each with an index of two architectures, that have most of their bytes in common."""
    images = []
    for kind in KINDS:
        arm64 = [noise("shared arm64", 200_000), noise(kind + "arm64", 20_000)]
        made = index(folder / kind, [SHARED, noise(kind + own, 10_000)], arm64)
        images.append(planned(made.root, suffix=kind, prefixes=["3.11"]))
    return plan(folder / "plan.json", *images)


def test_a_matrix_is_pushed_and_shared_layers_go_once(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    file = matrix(tmp_path)
    result = push.result(file, "--repository", f"{proxy.host}/team", "--tag", "v1")
    blobs = {blob.name: blob.stat().st_size for blob in tmp_path.glob("*/blobs/sha256/*")}
    manifests = {top(tmp_path / kind)[7:] for kind in KINDS}
    for kind, image in zip(KINDS, result["images"], strict=True):
        assert sha256(registry.manifest(f"team/{kind}", "3.11-v1")) == top(tmp_path / kind) == image["digest"]
        check_complete(registry, f"team/{kind}", "3.11-v1")
        for each in json.loads(registry.manifest(f"team/{kind}", "3.11-v1"))["manifests"]:
            manifests.add(each["digest"][7:])
    once = sum(size for name, size in blobs.items() if name not in manifests)
    assert proxy.sent() == once
    assert result["bytes_sent"] == once + sum(blobs[name] for name in manifests)
    assert result["bytes_skipped"] == 2 * 500_000 + _configs(tmp_path) * 2
    assert proxy.count("POST", "mount=") >= 4


def _configs(folder: Path) -> int:
    """Bytes of both configurations, which all images share."""
    made = Made(folder / "configs")
    made.manifest([])
    made.manifest([], "arm64")
    return sum(size for size in made.blobs.values() if size < 200)


def test_tags_are_last_and_parts_before_the_whole(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    push.result(matrix(tmp_path), "--repository", f"{proxy.host}/team", "--tag", "v1")
    changes = [each for each in proxy.log if each.method in ("PATCH", "POST", "PUT")]
    last = changes[-len(KINDS) :]
    assert [each.path for each in last if "3.11-v1" not in each.path] == []
    kinds = [
        "blob" if "/blobs/" in each.path else "tag" if "3.11-v1" in each.path else "digest"
        for each in changes
    ]
    assert sorted(kinds, key=("blob", "digest", "tag").index) == kinds
    for kind in KINDS:
        order = [each.path for each in proxy.requests("PUT", f"/team/{kind}/manifests/sha256")]
        assert order[-1].endswith(top(tmp_path / kind))


def test_a_manifest_that_images_of_a_repository_share_is_stored_once(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    """While it is stored, Debian's registry denies to others that it is there."""
    images = [
        planned(index(tmp_path / name, [name.encode()], [b"shared"]).root, prefixes=[name])
        for name in ("one", "two", "three")
    ]
    shared = json.loads((tmp_path / "one/index.json").read_bytes())["manifests"][0]["digest"]
    shared = json.loads((tmp_path / "one/blobs/sha256" / shared[7:]).read_bytes())["manifests"][1]["digest"]
    proxy.faults.append(Fault("PUT", f"/manifests/{shared}", delay=0.5, times=9))
    file = plan(tmp_path / "plan.json", *images)
    push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1", "--jobs", "3")
    assert proxy.count("PUT", f"/manifests/{shared}") == 1
    for name in ("one", "two", "three"):
        check_complete(registry, "app", f"{name}-v1")


def test_one_image_with_tags_of_two_targets_is_tagged_by_one_after_the_other(
    proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    made = index(tmp_path / "app", [b"amd64"], [b"arm64"])
    images = [planned(made.root, prefixes=[prefix]) for prefix in ("3", "3.11")]
    proxy.faults.append(Fault("PUT", "/manifests/3", delay=0.5, times=2))
    file = plan(tmp_path / "plan.json", *images)
    push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1", "--jobs", "2")
    one, two = sorted(proxy.requests("PUT", "/manifests/3"), key=lambda request: request.came)
    assert one.went <= two.came


def test_when_nothing_changed_a_tag_is_one_head_and_no_layer_is_read(
    proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    file = matrix(tmp_path)
    where = ("--repository", f"{proxy.host}/team", "--tag", "v1", "--tag", "latest")
    push.result(file, *where)
    _lose_layers(tmp_path)
    proxy.clear()
    result = push.result(file, *where)
    assert sorted((each.method, each.path) for each in proxy.log) == sorted(
        ("HEAD", f"/v2/team/{kind}/manifests/3.11-{tag}") for kind in KINDS for tag in ("v1", "latest")
    )
    assert {image["state"] for image in result["images"]} == {"up to date"}
    assert result["bytes_sent"] == 0


def _lose_layers(folder: Path) -> None:
    """Layers are gone, as after a build that did not fetch them."""
    lost = [blob for blob in folder.glob("*/blobs/sha256/*") if blob.stat().st_size > 5000]
    assert len(lost) == 12
    for blob in lost:
        blob.unlink()


def test_a_new_tag_is_one_more_manifest(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    file = matrix(tmp_path)
    push.result(file, "--repository", f"{proxy.host}/team", "--tag", "v1")
    _lose_layers(tmp_path)
    proxy.clear()
    push.result(file, "--repository", f"{proxy.host}/team", "--tag", "v2")
    assert proxy.count("PUT", "/manifests/3.11-v2$") == len(KINDS) == proxy.count("PUT|POST|PATCH")
    assert proxy.count("GET") == 0


def test_one_changed_layer_is_all_that_is_sent(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    where = ("--repository", f"{proxy.host}/team", "--tag", "v1")
    push.result(matrix(tmp_path), *where)
    for kind in KINDS:
        shutil.rmtree(tmp_path / kind)
    proxy.clear()
    file = matrix(tmp_path, own="newer")
    for name in (SHARED, noise("shared arm64", 200_000)):
        for kind in KINDS:
            (tmp_path / kind / "blobs" / sha256(name).replace(":", "/")).unlink()
    push.result(file, *where)
    assert proxy.sent() == len(KINDS) * 10_000
    check_complete(registry, "team/jupyter", "3.11-v1")


def test_another_repository_lends_its_layers(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    push.result(matrix(tmp_path), "--repository", f"{proxy.host}/team", "--tag", "v1")
    made = index(tmp_path / "train", [SHARED, b"app"], [b"app"])
    proxy.clear()
    file = plan(tmp_path / "train.json", planned(made.root))
    push.result(
        file, "-r", f"{proxy.host}/other/train", "-t", "v1", "--mount-from", f"{proxy.host}/team/runtime"
    )
    assert proxy.sent() < 1000


def test_a_repository_that_is_closed_to_us_lends_nothing(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    """Neither a push nor a dry run comes to grief over it."""
    file = plan(tmp_path / "plan.json", planned(index(tmp_path / "app", [SHARED], [b"arm64"]).root))
    proxy.faults.append(Fault("HEAD", "/v2/closed/", status=403, times=99))
    proxy.faults.append(Fault("POST", "from=closed", status=403, times=99))
    where = ("-r", f"{proxy.host}/app", "-t", "v1", "--mount-from", f"{proxy.host}/closed")
    promised = push.result(file, *where, "--dry-run")["bytes_sent"]
    assert promised == push.result(file, *where)["bytes_sent"] > len(SHARED)
    assert proxy.count("HEAD", "/v2/closed/") == proxy.count("POST", "from=closed") == 4
    check_complete(registry, "app", "v1")


def test_a_dry_run_changes_nothing(registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    file = matrix(tmp_path)
    where = ("--repository", f"{proxy.host}/team", "--tag", "v1")
    done = push(file, *where, "--dry-run")
    assert done.returncode == 0
    assert "would push" in done.stdout
    assert {each.method for each in proxy.log} == {"HEAD"}
    promised = push.result(file, *where, "--dry-run")["bytes_sent"]
    assert promised == push.result(file, *where)["bytes_sent"]
    assert "up to date" in push(file, *where, "--dry-run").stdout


def test_without_a_terminal_there_is_a_line_an_image_and_a_table(
    proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    done = push(matrix(tmp_path), "--repository", f"{proxy.host}/team", "--tag", "v1")
    lines = done.stderr.splitlines()
    assert sorted(line.partition(": ")[0] for line in lines) == sorted(
        f"{proxy.host}/team/{kind}:3.11-v1" for kind in KINDS
    )
    head, *rows, total = done.stdout.splitlines()
    assert head.split() == ["image", "digest", "sent", "skipped", "time"]
    assert [row.split()[1] for row in rows] == [top(tmp_path / kind) for kind in KINDS]
    assert total.startswith("all ")


def test_the_time_of_all_is_what_went_by(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    """Images wait at the same time, each for itself."""
    file = matrix(tmp_path)
    busy = {"Retry-After": "2"}
    proxy.faults += [Fault("HEAD", f"/team/{kind}/manifests/", status=503, headers=busy) for kind in KINDS]
    done = push(file, "--repository", f"{proxy.host}/team", "--tag", "v1")
    *each, together = [float(seconds) for seconds in re.findall(r"(\d+\.\d) s", done.stdout)]
    assert min(each) >= 2
    assert 2 <= together < sum(each)
    proxy.faults += [Fault("HEAD", f"/team/{kind}/manifests/", status=503, headers=busy) for kind in KINDS]
    result = push.result(file, "--repository", f"{proxy.host}/team", "--tag", "v1")
    assert 2 <= result["seconds_elapsed"] < sum(image["seconds"] for image in result["images"])


def test_a_push_by_digest_alone_is_asked_for(registry: Registry, push: Pusher, tmp_path: Path) -> None:
    file = matrix(tmp_path)
    refused = push(file, "--repository", f"{registry.host}/team")
    assert refused.returncode == 1
    assert "error: //test:runtime: nothing names a tag for it\n  give one: -- --tag NAME" in refused.stderr
    push.result(file, "--repository", f"{registry.host}/team", "--untagged")
    check_complete(registry, "team/runtime", top(tmp_path / "runtime"))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "error: nothing says where to push to"),
        (["-r", "team/app"], "'team/app' is no name of an image: it must begin with the registry's host"),
        (["-r", "localhost:1/team:v1"], "'localhost:1/team:v1' is more than a repository"),
        (["-r", "localhost:1/Team"], "a repository has lower-case letters"),
        (["-r", ""], "error: --repository is empty\n  a variable may not be set"),
        (["-r", "localhost:1/team", "-t", "a b"], "'a b' can't be a tag"),
        (["-r", "localhost:1/team", "-t", ""], "error: --tag is empty\n  a variable may not be set"),
        ([*HERE, "--mount-from", "base"], "error: --mount-from: 'base' is no name of an image"),
        (
            [*HERE, "--mount-from", "other.example/base"],
            "error: --mount-from other.example/base is of another registry than localhost:1\n  a registry",
        ),
        (HERE, "can't reach http://localhost:1: Connection refused"),
        (["-r", "nowhere.invalid/team", "-t", "v1"], "can't reach https://nowhere.invalid: "),
    ],
)
def test_mistakes_are_named(arguments: list[str], reason: str, push: Pusher, tmp_path: Path) -> None:
    done = push(matrix(tmp_path), *arguments)
    assert done.returncode == 1
    assert reason in done.stderr
    assert done.stderr.count("error:") == 1


def test_a_changed_output_of_the_build_is_not_pushed(
    registry: Registry, push: Pusher, tmp_path: Path
) -> None:
    file = matrix(tmp_path)
    layer = tmp_path / "runtime/blobs" / sha256(SHARED).replace(":", "/")
    layer.write_bytes(SHARED[:-1] + b"?")
    done = push(file, "--repository", f"{registry.host}/team", "--tag", "v1")
    assert done.returncode == 1
    assert f"{layer}: is not what its name says" in done.stderr
    layer.write_bytes(SHARED[:-1])
    done = push(file, "--repository", f"{registry.host}/team", "--tag", "v1")
    assert f"{layer}: has 299999 bytes, and not the 300000 of its descriptor" in done.stderr


def test_on_a_terminal_there_is_a_line_a_blob(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    """Drawn anew while it grows, and gone when it has arrived."""
    file = matrix(tmp_path)
    # The largest blob waits, once before it has arrived and once after that.
    for method in ("PATCH", "PUT"):
        proxy.faults.append(Fault(method, "/blobs/", status=503, headers={"Retry-After": "1"}))
    command = push.command(file, "--repository", f"{proxy.host}/team", "--tag", "v1", "--jobs", "1")
    shown, code = run(command, push.environ(), wait_for="%")
    assert code == 0
    digest = sha256(SHARED)[:19]
    assert re.search(rf"  {digest}  team/runtime  \[ +\] 0.0 kB of 0.3 MB", shown)
    assert re.search(rf"  {digest}  team/runtime  \[#+\] 0.3 MB of 0.3 MB", shown)
    drawn = re.sub(r".*\x1b\[J", "", shown, flags=re.DOTALL)
    assert digest not in drawn
    assert (
        len(re.findall(r"^\S+/team/\w+:3.11-v1: .* sent, ", shown.replace("\x1b[J", "\n"), re.MULTILINE)) == 3
    )


def test_two_registries_are_sent_a_layer_each(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    """Their repositories have one name; and what one of them has is nothing that the other can take over."""
    with serve(tmp_path / "second") as second, proxied(second.host) as way:
        one, two = [
            planned(index(tmp_path / name, [SHARED, name.encode()], [SHARED]).root, tags=["v1"])
            for name in ("one", "two")
        ]
        here, there = one | {"repository": f"{proxy.host}/app"}, two | {"repository": f"{way.host}/app"}
        file = plan(tmp_path / "plan.json", here, there)
        promised = push.result(file, "--dry-run")["bytes_sent"]
        assert promised == push.result(file)["bytes_sent"] > 2 * len(SHARED)
        elsewhere = two | {"repository": f"{way.host}/other"}
        push.result(plan(tmp_path / "other.json", here, elsewhere))
        check_complete(registry, "app", "v1")
        for repository in ("app", "other"):
            check_complete(second, repository, "v1")
        assert proxy.count("POST", "mount=") + way.count("POST", "mount=") == 0
