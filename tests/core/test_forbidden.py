"""What stands nowhere in what we ship: it ran code, guessed or let others in, somewhere, for somebody."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("clamp3_plugin", "cli", "models", "bridges")
KINDS = {".py", ".js", ".html", ".qml", ".lua", ".sh"}
WORDS = (
    r"shell\s*=\s*True",
    r"weights_only\s*=\s*False",
    r"\bpickle\.loads?\(",
    r"\bmktemp\(",
    r"\bconverter\.parse\(",
    r"\.recv\(\)",
    r"\b0\.0\.0\.0\b",
    r"\binnerHTML\b",
    r"\bos\.system\(",
    r"\bos\.popen\(",
    r"(?<![\w.])eval\(",
)


def found(text: str) -> set[str]:
    return {word for word in WORDS if re.search(word, text)}


def test_no_source_that_is_shipped_holds_a_forbidden_word():
    files = [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in KINDS]
    bad = {
        str(path.relative_to(ROOT)): words for path in files if (words := found(path.read_text()))
    }

    assert bad == {}
    assert len(files) > 200


@pytest.mark.parametrize(
    "line",
    [
        "subprocess.run(command, shell = True)",
        "torch.load(path, weights_only=False)",
        "pickle.load(file)",
        "element.innerHTML = title",
        'socket.bind(("0.0.0.0", 9000))',
        "answer = pipe.recv()",
    ],
)
def test_such_a_line_would_be_found(line):
    assert found(line)
