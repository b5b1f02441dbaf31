"""Pulling a model, against a real server on loopback that behaves well or badly."""

import hashlib
import io
import resource
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clamp3_models.download import Patience, Wanted, download
from clamp3_models.pull import Pinned, pull, pull_pinned, read_manifest
from clamp3_models.store import ModelStore
from clamp3_plugin.errors import NoModelError, UsageError
from tests.models.hub import Hub

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "1" * 40
HASTE = Patience(timeout_s=0.3, attempts=3, wait_s=0.01)


def fetch(hub: Hub, target: Path, **wanted) -> str:
    wanted = {"size": len(CONTENT), "sha256": SHA256, **wanted}
    return download(
        Wanted(f"{hub.address}/file", **wanted), target, progress=lambda *_: None, patience=HASTE
    )


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "file.pth"


def test_a_file_arrives_whole_with_its_sum(target: Path):
    with Hub(CONTENT) as hub:
        digest = fetch(hub, target)

    assert digest == SHA256
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file.pth"]


def test_progress_ends_at_the_whole_size(target: Path):
    seen: list[tuple[int, int]] = []
    with Hub(CONTENT) as hub:
        wanted = Wanted(f"{hub.address}/file", len(CONTENT))
        download(wanted, target, progress=lambda done, size: seen.append((done, size)))

    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_dropped_connection_is_resumed_where_it_broke(target: Path):
    with Hub(CONTENT, cut_after=[1000, 500]) as hub:
        fetch(hub, target)

    assert hub.ranges == [None, "bytes=1000-", "bytes=1500-"]
    assert hub.requests[1][1]["If-Range"] == hub.etag
    assert target.read_bytes() == CONTENT


def test_a_later_call_goes_on_from_what_an_earlier_one_left(target: Path):
    with Hub(CONTENT, cut_after=[100, 0, 0, 0]) as hub:
        with pytest.raises(NoModelError, match=r"broke off at 100 bytes.*goes on from there"):
            fetch(hub, target)
        assert not target.exists()

        fetch(hub, target)

    assert hub.ranges[-1] == "bytes=100-"
    assert target.read_bytes() == CONTENT


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 3000), max_size=6), st.booleans())
def test_wherever_it_breaks_the_file_is_the_same(tmp_path: Path, cuts, ignore_range):
    target = tmp_path / "file.pth"
    target.unlink(missing_ok=True)
    # a server that always starts again makes no progress, and is given up after three attempts
    cuts = cuts[:2] if ignore_range else list(cuts)
    with Hub(CONTENT, cut_after=cuts, ignore_range=ignore_range) as hub:
        fetch(hub, target)

    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(target: Path):
    with Hub(CONTENT, cut_after=[1000], ignore_range=True) as hub:
        fetch(hub, target)

    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_starts_again(target: Path):
    with (
        Hub(b"x" * len(CONTENT), cut_after=[1000, 0, 0, 0], etag='"old"') as old,
        pytest.raises(NoModelError, match="broke off"),
    ):
        fetch(old, target)
    with Hub(CONTENT) as hub:
        fetch(hub, target)

    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_starts_again(target: Path):
    target.parent.mkdir()
    target.with_name("file.pth.part").write_bytes(b"x" * 20_000)
    with Hub(CONTENT) as hub:
        fetch(hub, target, size=None)

    assert target.read_bytes() == CONTENT


def test_a_server_that_stalls_is_given_up_and_the_part_kept(target: Path):
    with (
        Hub(CONTENT, cut_after=[200, 0, 0, 0], stall_s=0.5) as hub,
        pytest.raises(NoModelError, match=r"broke off at 200 bytes: .*timed out"),
    ):
        fetch(hub, target)

    assert target.with_name("file.pth.part").stat().st_size == 200


def test_a_busy_server_is_asked_again(target: Path):
    with Hub(CONTENT, statuses=[503, 429]) as hub:
        fetch(hub, target)

    assert len(hub.requests) == 3


def test_a_refusal_is_final(target: Path):
    with Hub(CONTENT, statuses=[404]) as hub, pytest.raises(NoModelError, match="answered 404"):
        fetch(hub, target)

    assert len(hub.requests) == 1


def test_nobody_at_the_address_is_said(target: Path):
    with Hub(CONTENT) as hub:
        address = hub.address
    wanted = Wanted(f"{address}/file", 1)

    with pytest.raises(NoModelError, match=r"broke off at 0 bytes.*refused"):
        download(wanted, target, progress=lambda *_: None, patience=HASTE)


def test_another_size_on_the_server_is_refused_before_the_first_byte(target: Path):
    with (
        Hub(CONTENT + b"x") as hub,
        pytest.raises(NoModelError, match="10241 bytes on the server, not the 10240 expected"),
    ):
        fetch(hub, target)

    assert not target.with_name("file.pth.part").exists()


def test_a_server_that_declares_less_than_it_has_does_not_fool_the_sum(target: Path):
    with (
        Hub(b"x" * len(CONTENT)) as hub,
        pytest.raises(NoModelError, match=f"SHA-256 is {hub.sha256}, not {SHA256}"),
    ):
        fetch(hub, target)

    assert list(target.parent.iterdir()) == []


def test_the_hubs_own_sum_and_size_count_where_none_is_pinned(target: Path):
    linked = {"X-Linked-Size": str(len(CONTENT)), "X-Linked-ETag": f'"{"0" * 64}"'}
    with Hub(CONTENT, linked=linked) as hub, pytest.raises(NoModelError, match=f"not {'0' * 64}"):
        fetch(hub, target, size=None, sha256=None)
    linked["X-Linked-ETag"] = f'"{SHA256}"'
    with Hub(CONTENT, linked=linked) as hub:
        assert fetch(hub, target, size=None, sha256=None) == SHA256


def test_another_commit_is_refused(target: Path):
    with (
        Hub(CONTENT, linked={"X-Repo-Commit": "2" * 40}) as hub,
        pytest.raises(NoModelError, match=f"serves the commit '{'2' * 40}', not {COMMIT}"),
    ):
        fetch(hub, target, commit=COMMIT)


def test_a_redirect_is_followed_without_the_token(target: Path):
    with Hub(CONTENT) as other, Hub(b"", redirect=f"{other.address}/blob?sign=1") as hub:
        wanted = Wanted(f"{hub.address}/file", len(CONTENT), SHA256)
        download(wanted, target, progress=lambda *_: None, token="secret", patience=HASTE)  # noqa: S106 - sent to ourselves

    assert hub.requests[0][1]["Authorization"] == "Bearer secret"
    assert other.requests[0][0] == "/blob?sign=1"
    assert "Authorization" not in other.requests[0][1]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("goal", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_out_of_the_web_is_not_followed(target: Path, goal: str):
    with Hub(b"", redirect=goal) as hub, pytest.raises(NoModelError, match="not followed"):
        fetch(hub, target)


def test_a_redirect_in_a_circle_ends(target: Path):
    with Hub(b"", redirect="/again") as hub, pytest.raises(NoModelError, match="without end"):
        fetch(hub, target)

    assert len(hub.requests) == 6


def test_a_file_larger_than_the_disk_is_refused_before_it_is_begun(target: Path):
    with (
        Hub(CONTENT, declare=1 << 60) as hub,
        pytest.raises(NoModelError, match=r"1152921504606846976 bytes, but .* are free"),
    ):
        fetch(hub, target, size=1 << 60)


def test_a_disk_that_fills_up_is_said_and_the_part_kept(target: Path):
    content = bytes(5 << 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Hub(content) as hub:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, before[1]))
        try:
            with pytest.raises(NoModelError, match=r"The disk is full.*goes on from there"):
                fetch(hub, target, size=len(content), sha256=None)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        fetch(hub, target, size=len(content), sha256=None)

    assert hub.ranges[-1] == f"bytes={3 << 20}-"
    assert target.read_bytes() == content


@pytest.fixture
def checkpoint(state) -> bytes:
    """The tiny model as the bytes of a checkpoint."""
    buffer = io.BytesIO()
    torch.save({"model": state}, buffer)
    return buffer.getvalue()


def pinned(content: bytes, **changes) -> Pinned:
    values = {
        "name": "tiny", "summary": "Tiny.", "repository": "someone/tiny", "revision": COMMIT,
        "file": "tiny.pth", "licence": "mit", "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    return Pinned(**{**values, **changes})


def pull_tiny(pin: Pinned, store: ModelStore, hub: Hub | None = None, *, agree: bool = True):
    return pull_pinned(
        pin, store, confirm=lambda _: agree, progress=lambda *_: None, patience=HASTE,
        endpoint=hub.address if hub else None,
    )  # fmt: skip


def test_a_pulled_model_is_in_the_store_and_says_where_it_came_from(
    store: ModelStore, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "secret")
    pin = pinned(checkpoint)
    with Hub(checkpoint) as hub:
        info = pull_tiny(pin, store, hub)

    assert hub.requests[0][0] == f"/someone/tiny/resolve/{COMMIT}/tiny.pth"
    assert "Authorization" not in hub.requests[0][1]  # plain http could be overheard
    assert info.source == f"someone/tiny@{COMMIT[:12]} tiny.pth sha256:{pin.sha256}"
    assert (info.licence, info.summary, info.dim) == ("mit", "Tiny.", 64)
    store.verify("tiny")
    assert list((store.home.cache / "downloads").iterdir()) == []


def test_the_licence_comes_before_the_first_byte(store: ModelStore, checkpoint: bytes):
    shown: list[str] = []

    def refuse(text: str) -> bool:
        shown.append(text)
        return False

    with Hub(checkpoint) as hub, pytest.raises(UsageError, match="not agreed to"):
        pull_pinned(
            pinned(checkpoint),
            store,
            confirm=refuse,
            progress=lambda *_: None,
            endpoint=hub.address,
        )

    assert hub.requests == []
    assert "MIT" in shown[0]
    assert "CC BY-NC" in shown[0]


def test_offline_is_offline(store: ModelStore, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with Hub(checkpoint) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(NoModelError, match="HF_HUB_OFFLINE forbids"):
            pull_tiny(pinned(checkpoint), store)

    assert hub.requests == []


def test_what_the_hubs_cache_holds_is_not_downloaded(
    store: ModelStore, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "hub" / "hub" / "models--someone--tiny" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    (folder / "tiny.pth").write_bytes(checkpoint)

    assert pull_tiny(pinned(checkpoint), store).name == "tiny"

    assert (folder / "tiny.pth").exists()
    with pytest.raises(NoModelError, match="Remove that file"):
        pull_tiny(pinned(checkpoint, name="again", sha256="0" * 64), store)


def test_a_proxy_of_the_environment_is_used(target: Path, monkeypatch: pytest.MonkeyPatch):
    with Hub(CONTENT) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.delenv("no_proxy", raising=False)
        wanted = Wanted("http://hub.invalid/file", len(CONTENT), SHA256)
        download(wanted, target, progress=lambda *_: None, patience=HASTE)

    assert proxy.requests[0][0] == "http://hub.invalid/file"


def test_an_endpoint_outside_the_web_is_refused(store: ModelStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "file:///etc")

    with pytest.raises(UsageError, match="'file:///etc' begins with neither"):
        pull_tiny(pinned(b""), store)


def test_a_name_that_is_no_published_model_is_refused(store: ModelStore):
    with pytest.raises(UsageError, match=r"no published model 'x'\. Known: saas, c2"):
        pull("x", store, confirm=lambda _: True)


def test_the_manifest_pins_the_published_files():
    manifest = read_manifest()

    assert list(manifest) == ["saas", "c2", "mert-v1-95m"]
    assert manifest["saas"].size == 2_571_027_658
    assert [entry.licence for entry in manifest.values()] == ["mit", "mit", "cc-by-nc-4.0"]


@pytest.mark.parametrize("change", [{"revision": "main"}, {"sha256": "f" * 63}])
def test_a_pin_that_pins_nothing_is_a_mistake(change):
    with pytest.raises(ValueError, match="is no"):
        pinned(b"", **change)
