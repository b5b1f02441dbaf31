"""What the log holds: one line an event, nothing private, and no flood of the same."""

import json
import logging

import pytest

from clamp3_plugin.daemon import log


@pytest.fixture
def lines(tmp_path):
    """Write by a logger of our own, with what ``begin`` gives to the root."""
    path = tmp_path / "daemon.log"
    now = [0.0]
    handler = log._PrivateFile(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(log.JsonLines(private=True))
    handler.addFilter(log.OncePerSecond(lambda: now[0]))
    logger = logging.Logger("test")  # noqa: LOG001 - of no tree, so that nobody else hears it
    logger.addHandler(handler)

    def read() -> list[dict[str, object]]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    yield logger, now, read
    handler.close()


def test_an_event_is_one_line_without_control_characters(lines):
    logger, _, read = lines

    logger.info("a name: %s", 'x\n{"level": "FORGED"}\x1b[2J\udcff\u2028')

    assert [line["level"] for line in read()] == ["INFO"]


def test_the_same_event_is_written_once_a_second_and_counted(lines):
    """Negative control: without the filter there were 2,002 lines."""
    logger, now, read = lines

    for number in range(1000):
        logger.info("%s %d %.1f ms", "find", 422, number)
        logger.info("%s %d %.1f ms", "find", 503, number)
    now[0] = 1.0
    logger.info("%s %d %.1f ms", "find", 422, 7.0)
    logger.info("%s %d %.1f ms", "find", 503, 8.0)

    assert [line["message"] for line in read()] == [
        "find 422 0.0 ms",
        "find 503 0.0 ms",
        "find 422 7.0 ms (and 999 more)",
        "find 503 8.0 ms (and 999 more)",
    ]


def test_kinds_without_end_are_not_remembered(lines):
    logger, _, read = lines

    for number in range(1000):
        logger.info("incident %s", number)

    assert len(read()) == 1000
    [kept] = logger.handlers[0].filters
    assert len(kept._passed) == log._KINDS
