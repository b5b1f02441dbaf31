"""The page and a daemon that comes, works and goes: indexing, cancelling, dying, coming back."""

import os
import signal
from pathlib import Path

from playwright.sync_api import Page, expect

from clamp3_plugin.client.connection import read_run_file
from tests.cli.conftest import JIG, WALTZ
from tests.web.conftest import until

MANY = 400


def index(page: Page, folder: Path) -> None:
    page.get_by_role("textbox", name="Folder or file").fill(str(folder))
    page.get_by_role("button", name="Index", exact=True).click()


def test_an_empty_library_says_what_to_do_and_is_filled(visitor, start, tmp_path):
    (tmp_path / "jig.abc").write_text(JIG)
    (tmp_path / "waltz.abc").write_text(WALTZ)
    (tmp_path / "broken.mid").write_bytes(b"MThd\x00\x00")
    page = visitor.visit(start())

    expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
    page.get_by_role("link", name="Put music in").click()
    index(page, tmp_path)

    expect(page.get_by_role("status").filter(has_text="Done. New: 2")).to_be_visible()
    expect(page.locator(".unread li")).to_contain_text("broken.mid")
    expect(page.get_by_role("cell", name="Slow Waltz")).to_be_visible()
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("jig")
    expect(page.locator(".card")).to_have_count(2)


def test_a_run_shows_how_far_it_is_and_can_be_cancelled(visitor, start, tmp_path):
    for i in range(MANY):
        (tmp_path / f"{i}.abc").write_text(JIG.replace("Tripping", f"{i}th"))
    page = visitor.visit(start())
    page.get_by_role("link", name="Library").click()
    index(page, tmp_path)

    until(page, "document.querySelector('progress')?.value > 0")
    expect(page.get_by_role("status").filter(has_text=f"of {MANY} files")).to_be_visible()
    page.reload()  # what was begun is followed on
    page.get_by_role("button", name="Cancel").click()

    expect(
        page.get_by_role("status").filter(has_text="Cancelled; what was done stays.")
    ).to_be_visible()
    done = int(page.locator(".facts dd").first.inner_text().split()[0])
    assert 0 < done < MANY


def test_a_watched_folder_takes_in_what_is_put_there(visitor, start, tmp_path):
    folder = tmp_path / "bounces"
    folder.mkdir()
    (folder / "jig.abc").write_text(JIG)
    page = visitor.visit(start())
    page.get_by_role("link", name="Library").click()
    page.get_by_role("textbox", name="Folder or file").fill(str(folder))
    page.get_by_role("button", name="Index and watch").click()
    expect(page.locator(".watched li")).to_have_text(str(folder))
    expect(page.get_by_role("cell", name="The Tripping Jig")).to_be_visible()

    (folder / "waltz.abc").write_text(WALTZ)
    until(
        page,
        "fetch('/v1/status', { headers: { Authorization:"
        " `Bearer ${sessionStorage.getItem('clamp3.token')}` } })"
        ".then((reply) => reply.json()).then((told) => told.library.pieces === 2)",
    )
    page.reload()
    expect(page.get_by_role("cell", name="Slow Waltz")).to_be_visible()
    page.get_by_role("button", name=f"Remove: {folder}").click()
    expect(page.locator(".watched")).to_be_hidden()


def test_what_cannot_be_indexed_is_said(visitor, start):
    page = visitor.visit(start())
    page.get_by_role("link", name="Library").click()
    index(page, Path.home())

    expect(page.locator(".notice")).to_contain_text("is or holds your home folder")
    visitor.forgive("422")


def test_a_daemon_that_dies_is_missed_and_found_again(visitor, home, start, tmp_path):
    (tmp_path / "jig.abc").write_text(JIG)
    client = start()
    list(client.index([str(tmp_path)]))
    page = visitor.visit(client)
    page.get_by_role("searchbox").fill("jig")
    expect(page.locator(".card")).to_have_count(1)

    os.kill(read_run_file(home).pid, signal.SIGKILL)
    page.get_by_role("searchbox").fill("jigs")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("clamp3 has stopped")
    expect(banner).to_contain_text("Start it in a terminal: clamp3 web")

    again = start()  # another token
    assert again.run.port == client.run.port
    expect(banner).to_contain_text("This page is locked")
    expect(banner).to_contain_text("Open it from a terminal: clamp3 web")

    visitor.tab(page.context, again)  # as `clamp3 web` does
    expect(banner).to_be_hidden()
    page.get_by_role("searchbox").fill("jig")
    expect(page.locator(".card")).to_have_count(1)
    visitor.forgive("ERR_CONNECTION", "401")
