"""JSON bodies: depths, doubles, numbers beyond count, fields and paths that nobody should take."""

import json
from collections.abc import Mapping

from tests.hostile.abc import tune
from tests.hostile.case import OUTSIDE, Answered, RequestCase
from tests.hostile.http_requests import request

_GOOD = Answered()
_USAGE = Answered(422, "usage")
_DEEP_17 = '{"text":"a","where":' + "[" * 17 + "]" * 17 + "}"


def _content(kind: str, data: str, **more: str) -> Mapping[str, object]:
    return {"content": {"format": kind, "data": data, **more}}


_FIND: dict[str, tuple[object, str, Answered]] = {
    "text": ({"text": "a jig"}, "a question", _GOOD),
    "text-unicode": ({"text": "\u202e\U0001f3b5\u200b\x1b[2J"}, "signs of all kinds", _GOOD),
    "text-shell": ({"text": "$(touch PWNED_json)"}, "a text for the shell", _GOOD),
    "text-sql": ({"text": "' OR 1=1; DROP TABLE pieces --"}, "a text for a database", _GOOD),
    "text-path": ({"text": f"file:///etc/passwd ../{OUTSIDE}"}, "a text that is a path", _GOOD),
    "text-4096": ({"text": "a" * 4_096}, "as long as a text may be", _GOOD),
    "nulls": ({"text": "a", "piece_id": None, "n": None}, "fields that are null", _GOOD),
    "n-200": ({"text": "a", "n": 200}, "as many hits as may be", _GOOD),
    "composer-sql": (
        {"text": "a", "where": {"composer": "' OR '1'='1"}}, "a filter for a database", _GOOD,
    ),
    "composer-like": ({"text": "a", "where": {"composer": "%_\\"}}, "signs of patterns", _GOOD),
    "folder-root": ({"text": "a", "where": {"folder": "/"}}, "all folders", _GOOD),
    "folder-climbing": (
        {"text": "a", "where": {"folder": f"/x/../../{OUTSIDE}"}}, "a folder that climbs", _GOOD,
    ),
    "content": (_content("abc", tune(1)), "a tune", _GOOD),
    "content-name": (
        _content("abc", tune(2), name=f"../../{OUTSIDE}/secret.abc"), "a tune named by a path",
        _GOOD,
    ),
    "content-shell": (_content("abc", tune(3), name="$(touch PWNED_json).abc"), "a shell name", _GOOD),
    "plus": ({"text": "a", "plus": [{"text": "b"}], "minus": [{"text": "c"}]}, "a sum", _GOOD),
    "text-4097": ({"text": "a" * 4_097}, "a text too long", _USAGE),
    "text-empty": ({"text": ""}, "an empty text", _USAGE),
    "text-number": ({"text": 1}, "a number for a text", _USAGE),
    "text-list": ({"text": ["a"]}, "a list for a text", _USAGE),
    "nothing": ({}, "nothing", _USAGE),
    "array": ([], "a list", _USAGE),
    "number": (7, "a number", _USAGE),
    "n-0": ({"text": "a", "n": 0}, "no hits", _USAGE),
    "n-201": ({"text": "a", "n": 201}, "too many hits", _USAGE),
    "n-negative": ({"text": "a", "n": -1}, "fewer than no hits", _USAGE),
    "n-moon": ({"text": "a", "n": 10**4_000}, "10^4000 hits", _USAGE),
    "n-true": ({"text": "a", "n": True}, "true hits", _USAGE),
    "n-float": ({"text": "a", "n": 1.5}, "a hit and a half", _USAGE),
    "unknown-field": ({"text": "a", "path": "/etc/passwd"}, "names a file", _USAGE),
    "proto": ({"text": "a", "__proto__": {"n": 1}}, "a field of JavaScript", _USAGE),
    "two-sources": ({"text": "a", "piece_id": "b"}, "asks with two things", _USAGE),
    "sources-17": ({"text": "a", "plus": [{"text": "b"}] * 17}, "17 sources", _USAGE),
    "bars-of-text": ({"text": "a", "bars": [1, 2]}, "bars of a text", _USAGE),
    "bars-moon": (
        {**_content("abc", tune(1)), "bars": [10**4_000, 10**4_000]}, "bar 10^4000", _USAGE,
    ),
    "time-moon": (
        {**_content("abc", tune(1)), "time": [10**4_000, 10**4_001]}, "second 10^4000", _USAGE,
    ),
    "staves-moon": (
        {**_content("abc", tune(1)), "staves": [10**4_000, 10**4_001]}, "staff 10^4000", _USAGE,
    ),
    "tempo-moon": ({"text": "a", "where": {"tempo": "9" * 4_000}}, "tempo 10^4000", _USAGE),
    "tempo-words": ({"text": "a", "where": {"tempo": "1 OR 1=1"}}, "a tempo for a database", _USAGE),
    "modality": ({"text": "a", "modalities": ["'--"]}, "no such modality", _USAGE),
    "where-nul": ({"text": "a", "where": {"composer": "a\0b"}}, "a filter with a NUL", _USAGE),
    "folder-relative": ({"text": "a", "where": {"folder": "../.."}}, "a folder from nowhere", _USAGE),
    "content-format": (_content("../../x", "a"), "a format that is a path", _USAGE),
    "content-base64": (_content("mid", "%%%"), "data that is no base64", _USAGE),
    "content-pth": (_content("pth", "gAJ9cQAu"), "a pickle", Answered(415, "unsupported_format")),
    "content-empty": (_content("abc", ""), "an empty tune", Answered(422, "empty")),
    "piece-none": (
        {"piece_id": "../../etc/passwd"}, "a piece that is a path", Answered(404, "not_found"),
    ),
    "upload-none": ({"upload_id": "0" * 16}, "no such upload", Answered(404, "not_found")),
}  # fmt: skip
_RAW: dict[str, tuple[bytes, str, Answered]] = {
    "blank-around": (b' \n{"text" : "a"}\n ', "a question with blanks around", _GOOD),
    "escaped": (b'{"\\u0074ext":"\\ud83c\\udfb5"}', "a question all in escapes", _GOOD),
    "depth-17": (_DEEP_17.encode(), "17 levels", _USAGE),
    "depth-30000": (b"[" * 30_000, "30,000 levels", _USAGE),
    "depth-objects": (b'{"a":' * 10_000, "10,000 objects", _USAGE),
    "double": (b'{"text":"a","text":"b"}', "one name twice", _USAGE),
    "nan": (b'{"text":"a","n":NaN}', "no number", _USAGE),
    "infinity": (b'{"text":"a","n":1e400}', "an endless number", _USAGE),
    "digits": (b'{"text":"a","n":' + b"9" * 60_000 + b"}", "a number of 60,000 digits", _USAGE),
    "surrogate": (b'{"text":"\\ud800"}', "half a sign", _USAGE),
    "not-utf-8": (b'{"text":"\xff\xfe"}', "no UTF-8", _USAGE),
    "utf-16": ('{"text":"a"}'.encode("utf-16"), "UTF-16", _USAGE),
    "bom": (b'\xef\xbb\xbf{"text":"a"}', "a byte order mark", _USAGE),
    "two": (b'{"text":"a"}{"text":"b"}', "two bodies", _USAGE),
    "cut": (b'{"text":"a', "half a body", _USAGE),
    "comment": (b'{"text":"a"/*x*/}', "a comment", _USAGE),
    "xml": (b"<text>a</text>", "XML", _USAGE),
    "pickle": (b"cposix\nsystem\n(S'touch PWNED_json'\ntR.", "a pickle", _USAGE),
    "empty": (b"", "no body", _USAGE),
    "nul": (b"\0" * 100, "noughts", _USAGE),
}
_PATHS: dict[str, tuple[list[object], str]] = {
    "root": (["/"], "the whole disk"),
    "relative": (["music"], "a path from nowhere"),
    "climbing": (["../../.."], "a path that climbs"),
    "home": (["~"], "a home by its sign"),
    "nul": (["/music\0/x"], "a path with a NUL"),
    "long": (["/" + "a" * 5_000], "a path too long"),
    "empty": ([""], "an empty path"),
    "none": ([], "no path"),
    "many": (["/nowhere/at/all"] * 1_001, "1,001 paths"),
    "address": (["file:///etc/passwd"], "an address"),
    "number": ([1], "a number for a path"),
    "nested": ([["/x"]], "a list in the list"),
}


def cases() -> list[RequestCase]:
    """Give the cases of JSON bodies."""
    find = {name: (_dump(value), does, good) for name, (value, does, good) in _FIND.items()}
    asked = [
        RequestCase("json", name, does, good, request("POST", "/v1/find", body))
        for name, (body, does, good) in {**find, **_RAW}.items()
    ]
    paths = [
        RequestCase("json", f"{verb}-{name}", does, _USAGE, request("POST", route, body))
        for name, (paths, does) in _PATHS.items()
        for verb, route in (("index", "/v1/index"), ("forget", "/v1/library/forget"))
        if (body := _dump({"paths": paths}))
    ]
    return [*asked, *paths]


def _dump(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")
