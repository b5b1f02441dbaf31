"""Lets a test look into the panel: where its buttons are, and what of the score is selected."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bridges.musescore.screen import Screen, until

_LOOK = """
    Timer {
        interval: 100; repeat: true; running: true
        property string before: ""
        function walk(item, found) {
            for (var i = 0; i < item.children.length; i++) {
                var child = item.children[i];
                if (!child.visible) { continue; }
                if (child.label !== undefined && child.act) {
                    var at = child.mapToItem(root, child.width / 2, child.height / 2);
                    found.push([child.label, Math.round(at.x), Math.round(at.y)]);
                }
                walk(child, found);
            }
            return found;
        }
        function pitches() {
            var found = [];
            var elements = curScore.selection ? curScore.selection.elements : [];
            for (var i = 0; i < elements.length; i++) {
                if (elements[i].name === "Note") { found.push(elements[i].pitch); }
            }
            return found;
        }
        onTriggered: {
            var now = JSON.stringify({
                buttons: walk(page, []),
                hits: Array.apply(null, {length: hits.count}).map(
                    function (_, i) { return JSON.parse(hits.get(i).json); }),
                paths: Array.apply(null, {length: hits.count}).map(
                    function (_, i) { return hits.get(i).path; }),
                title: curScore ? curScore.scoreName : null,
                bars: curScore ? curScore.nmeasures : 0,
                selected: curScore ? Score.selected(curScore) : null,
                pitches: curScore ? pitches() : [],
                phase: root.phase, notice: root.notice, heading: root.heading, warning: root.warning
            });
            if (now !== before) { before = now; console.log("PROBE " + now); }
        }
    }
}
"""


def put_probe(panel: Path) -> None:
    """Put a timer into the panel that writes what it sees into MuseScore's log."""
    text = panel.read_text("utf-8").rstrip().removesuffix("}")
    panel.write_text(text + _LOOK, "utf-8")


@dataclass
class Probe:
    """What the panel of a screen shows, and its buttons."""

    screen: Screen
    find: tuple[int, int]
    """The middle of *Find similar* on the screen."""

    def seen(self) -> dict[str, Any]:
        """Give what was told last."""
        lines = [line for line in self.screen.log().splitlines() if "PROBE " in line]
        return dict(json.loads(lines[-1].partition("PROBE ")[2])) if lines else {}

    def until(self, name: str, value: object) -> dict[str, Any]:
        """Wait until something is as it should be."""

        def look() -> dict[str, Any] | None:
            seen = self.seen()
            return seen if seen.get(name) == value else None

        try:
            return until(look, f"{name} is {value!r}")
        except AssertionError as error:
            seen = {key: told for key, told in self.seen().items() if key != "hits"}
            raise AssertionError(f"{error}, but: {seen}") from None

    def until_not(self, name: str, value: object) -> dict[str, Any]:
        """Wait until something is no longer so."""

        def look() -> dict[str, Any] | None:
            seen = self.seen()
            return seen if name in seen and seen[name] != value else None

        return until(look, f"{name} is not {value!r}")

    def ask(self) -> None:
        """Press *Find similar*."""
        self.screen.do("mousemove", *self.find, "click", 1)

    def press(self, label: str, hit: int) -> None:
        """Press a button of a hit with the mouse, and roll it into view before."""
        self._settle()
        x, y = self._place(label, hit)
        for _ in range(40):
            if y < self.screen.bottom():
                break
            self.screen.do("mousemove", *self.find, "click", 5)
            x, y = until(partial(self._moved, label, hit, y), "the panel rolls")
        self.screen.do("mousemove", x, y, "click", 1)

    def _settle(self) -> None:
        """Wait until words and pictures have come, and nothing moves any more."""
        before: list[object] = []

        def look() -> bool | None:
            now = self.seen()["buttons"]
            before.append(now)
            return before[-4:] == [now] * 4 or None

        until(look, "the panel keeps still")

    def _moved(self, label: str, hit: int, before: int) -> tuple[int, int] | None:
        place = self._place(label, hit)
        return place if place[1] != before else None

    def _place(self, label: str, hit: int) -> tuple[int, int]:
        """Give where a button is, counted from where the mouse found the first one."""
        buttons = self.seen()["buttons"]
        first = next(row for row in buttons if row[0] == "Find similar")
        cards = [i for i, row in enumerate(buttons) if row[0] == "Open"]
        ends = [*cards[1:], len(buttons)]
        row = next(row for row in buttons[cards[hit] : ends[hit]] if row[0] == label)
        return self.find[0] + row[1] - first[1], self.find[1] + row[2] - first[2]
