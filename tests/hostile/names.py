"""Names of files: bytes that no text holds, signs for shells, terminals and browsers.

Nearly all of them are good: on a disk a name may be anything, and the music in it counts.
"""

from tests.hostile.abc import tune
from tests.hostile.case import BROKEN, ODD, FileCase, Outcome, Skipped

_ODD: dict[bytes, str] = {
    b"\xff\xfe\x80.abc": "is no UTF-8",
    b"caf\xe9.abc": "is Latin-1",
    b"half \xe2\x82.abc": "ends a character in the middle",
    b"a\nb.abc": "has a line break",
    b"a\rb.abc": "goes back to the start of the line",
    b"\x1b[2J\x1b]0;PWNED\x07.abc": "speaks to the terminal",
    b"tab\tbell\x07\x7f.abc": "rings the bell",
    b"\xc2\x9b2J.abc": "speaks to the terminal in 8 bits",
    "\u202ecba.diM.abc".encode(): "reads from the right",
    "zero\u200b\u200d\ufeff.abc".encode(): "has signs that nobody sees",
    "e\u0301.abc".encode(): "is decomposed",
    "é.abc".encode(): "is composed, and looks like the one before",
    "\U0001f3b5 𝄞.abc".encode(): "has signs beyond 16 bits",
    ("ä" * 125).encode() + b".abc": "is as long as a name may be",
    b"-rf.abc": "begins with a dash",
    b"--help.abc": "is an option",
    b"--.abc": "is the end of options",
    b"$(touch PWNED_name).abc": "runs in a shell",
    b"`touch PWNED_name`.abc": "runs in a shell of old",
    b"; touch PWNED_name #.abc": "ends a command",
    b"a|touch PWNED_name|.abc": "is a pipe",
    b"&& touch PWNED_name.abc": "goes on with another command",
    b"'\"; touch PWNED_name; '\".abc": "ends every quotation",
    b"%PATH% %n%s%x.abc": "is a format",
    b"{0.__class__} {path}.abc": "is a format of another kind",
    b"*.abc": "stands for all files",
    b"[a-z]?.abc": "stands for some files",
    b"~.abc": "stands for home",
    b" .abc": "is a blank",
    b"a .abc": "ends in a blank",
    b"back\\slash\\..\\x.abc": "climbs on another system",
    b"CON.abc": "is a device on another system",
    b"a:b.abc": "is a stream on another system",
    b"<img src=x onerror=alert(1)>.abc": "is a picture in a browser",
    b"' OR 1=1 --.abc": "is true in a database",
    b"http:--evil.test-.abc": "is nearly an address",
    b"a.mid.abc": "has two endings",
    b"A.ABC": "is written in capitals",
}
_PASSED_OVER: dict[bytes, str] = {
    b".hidden.abc": "is hidden",
    b"..abc": "is nearly the folder above, and so hidden",
    b"...abc": "has three dots, and so hidden",
    b"._a.abc": "is the shadow that a Mac leaves",
    b"abc": "has no ending",
    b"a.abc.txt": "is a text",
    b"a.abc\n": "has an ending that is not one",
    b"a.abc~": "is a copy that an editor left",
    b"setup.exe": "is a program",
    b"playlist.m3u": "is a list of other files",
}


def cases() -> list[FileCase]:
    """Give the cases of names."""
    odd = [_case(i, name, does, ODD) for i, (name, does) in enumerate(_ODD.items())]
    passed = [
        _case(i, name, does, Skipped()) for i, (name, does) in enumerate(_PASSED_OVER.items())
    ]
    refused = b"$(touch PWNED_name).mid"
    return [*odd, *passed, FileCase("names", "shell.mid", "is no MIDI", BROKEN, b"x", refused)]


def _case(number: int, name: bytes, does: str, outcome: Outcome) -> FileCase:
    content = tune(number, title=f"Name {number}").encode()
    return FileCase("names", ascii(name)[2:-1], does, outcome, content, name)
