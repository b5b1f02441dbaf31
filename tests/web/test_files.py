"""What a browser loads before the page shows."""

import gzip
import re
from pathlib import Path

from clamp3_plugin.daemon import page

STATIC = Path(page.__file__).with_name("static")
FIRST_LOAD = 300_000  # bytes, compressed


def test_the_page_is_small():
    loaded = [gzip.compress(file.read_bytes()) for file in STATIC.iterdir()]
    assert 10_000 < sum(map(len, loaded)) < FIRST_LOAD


def test_nothing_of_the_page_makes_html_of_text_or_names_another_host():
    for file in STATIC.glob("*.js"):
        text = file.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}
