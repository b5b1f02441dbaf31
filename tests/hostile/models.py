"""Models: pickles that run, tables that lie about their bytes, sizes without end, sums that climb.

All are made from the tiny golden model: one thing is wrong with each.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED

from tests.hostile.case import CANARY, OUTSIDE, Accepted, ModelCase, Outcome, refused
from tests.hostile.zipped import archive

_GOLDEN = Path(__file__).parents[1] / "golden" / "model"
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"
_REFUSED = refused("model_not_ready")
_FIRST = "text_proj.weight"
_HALF = "text_proj.bias"

Header = dict[str, dict[str, object]]

# Protocol 0, by hand: what a class's __reduce__ would write.
_SYSTEM = b"cposix\nsystem\n(S'touch PWNED_model'\ntR."
_EXEC = b'cbuiltins\nexec\n(S\'open("PWNED_model","w")\'\ntR.'
_NESTED = b"(dS'model'\n(dS'a'\ncposix\nsystem\n(S'touch PWNED_model'\ntRss."


def checkpoint(pickle: bytes) -> bytes:
    """Write a torch checkpoint around a pickle."""
    return archive(
        {"archive/data.pkl": pickle, "archive/version": b"3\n", "archive/byteorder": b"little"},
        ZIP_STORED,
    )


def _golden() -> dict[str, bytes]:
    weights = (_GOLDEN / "tiny_state_dict.safetensors").read_bytes()
    files = {name: (_GOLDEN / name).read_bytes() for name in (CONFIG, TOKENIZER)}
    return {WEIGHTS: weights, **files}


def _taken_apart(data: bytes) -> tuple[Header, bytes]:
    (length,) = struct.unpack("<Q", data[:8])
    header: Header = json.loads(data[8 : 8 + length])
    return header, data[8 + length :]


def _tensors(header: Header | bytes, body: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


class _Maker:
    """Makes a model with one thing changed."""

    def __init__(self) -> None:
        self._files = _golden()
        self._header, self._body = _taken_apart(self._files[WEIGHTS])
        self._config: dict[str, object] = json.loads(self._files[CONFIG])

    def files(self, **changed: bytes) -> dict[str, bytes]:
        """Change files, by their names with ``_`` for the dot."""
        by_name = {name.replace("__", "."): content for name, content in changed.items()}
        return {**self._files, **by_name}

    def weights(self, content: bytes) -> dict[str, bytes]:
        """Change the weights."""
        return {**self._files, WEIGHTS: content}

    def tensor(self, name: str, **changed: object) -> dict[str, bytes]:
        """Change what the table says of a tensor."""
        header = {**self._header, name: {**self._header[name], **changed}}
        return self.weights(_tensors(header, self._body))

    def numbers(self, pattern: bytes) -> dict[str, bytes]:
        """Change the first number of a tensor of half floats."""
        offsets = self._header[_HALF]["data_offsets"]
        start = offsets[0] if isinstance(offsets, list) else 0
        body = self._body[:start] + pattern + self._body[start + len(pattern) :]
        return self.weights(_tensors(self._header, body))

    def config(self, **changed: object) -> dict[str, bytes]:
        """Change the configuration."""
        return {**self._files, CONFIG: json.dumps({**self._config, **changed}).encode()}

    def text_config(self, **changed: object) -> dict[str, bytes]:
        """Change the sizes of the text tower."""
        sizes = self._config["text_config"]
        return self.config(text_config={**(sizes if isinstance(sizes, dict) else {}), **changed})

    def without(self, name: str) -> dict[str, bytes]:
        """Leave a tensor out of the table."""
        header = {key: value for key, value in self._header.items() if key != name}
        return self.weights(_tensors(header, self._body))


def _good(make: _Maker) -> dict[str, tuple[dict[str, bytes], str]]:
    return {
        "plain": (make.files(), "the model as it is"),
        "remote-code": (
            make.config(
                auto_map={"AutoModel": "evil--PWNED.Model"},
                trust_remote_code=True,
                architectures=["__import__('os').system('touch PWNED_model')"],
            ),
            "names code that others would fetch and run",
        ),
        "scripts": (
            make.files(modeling_clamp3__py=b"open('PWNED_model','w')", setup__py=b"import PWNED"),
            "carries Python files",
        ),
        "pickle-beside": (
            make.files(pytorch_model__bin=checkpoint(_SYSTEM)),
            "carries a pickle beside its weights",
        ),
        "climbing-name": (
            make.config(_name_or_path=f"../../{OUTSIDE}"),
            "calls itself by a path outside",
        ),
        "card": (
            make.files(README__md=b"---\nlicense: !!python/object/apply:os.system ['x']\n---\n"),
            "has a card that is a program in YAML",
        ),
        "note": (make.files(notes__txt=b"\x1b[2J"), "carries a note for the terminal"),
    }


def _bad_weights(make: _Maker) -> dict[str, tuple[dict[str, bytes], str]]:
    header, body = make._header, make._body
    size = len(body)
    return {
        "header-moon": (make.weights(_tensors(header, body, 2**63)), "a table of 8 EiB"),
        "header-over": (make.weights(_tensors(header, b"", 10**8)), "a table longer than itself"),
        "header-prose": (make.weights(_tensors(b"Dear friend,", body)), "its table is a letter"),
        "header-deep": (make.weights(_tensors(b"[" * 100_000, body)), "its table is 100,000 deep"),
        "header-list": (make.weights(_tensors(b"[]", body)), "its table is a list"),
        "offsets-out": (
            make.tensor(_FIRST, data_offsets=[size, size + 4096]),
            "a tensor behind its end",
        ),
        "offsets-back": (make.tensor(_FIRST, data_offsets=[4096, 0]), "a tensor that ends first"),
        "offsets-shared": (make.tensor(_FIRST, data_offsets=[0, 4096]), "tensors share bytes"),
        "offsets-negative": (make.tensor(_FIRST, data_offsets=[-4096, 0]), "starts before itself"),
        "shape-moon": (make.tensor(_FIRST, shape=[2**32, 2**32]), "a tensor of 2^64 numbers"),
        "shape-other": (make.tensor(_FIRST, shape=[32, 128]), "a tensor of another shape"),
        "dtype-none": (make.tensor(_FIRST, dtype="PWNED"), "numbers of no kind"),
        "dtype-other": (make.tensor(_FIRST, dtype="F64"), "numbers of another size"),
        "missing": (make.without(_FIRST), "lacks a tensor"),
        "nan": (make.numbers(b"\x00\x7e"), "holds what is no number"),
        "infinite": (make.numbers(b"\x00\x7c"), "holds an endless number"),
        "cut": (make.weights(_tensors(header, body[:-1])), "lacks its last byte"),
        "longer": (make.weights(_tensors(header, body + b"PWNED")), "has bytes that nobody owns"),
        "weights-empty": (make.weights(b""), "has no weights"),
        "weights-pickle": (make.weights(checkpoint(_SYSTEM)), "a pickle by another name"),
    }


def _bad_config(make: _Maker) -> dict[str, tuple[dict[str, bytes], str]]:
    return {
        "config-prose": (make.files(config__json=b"Dear friend,"), "its sizes are a letter"),
        "config-deep": (make.files(config__json=b"[" * 100_000), "its sizes are 100,000 deep"),
        "config-list": (make.files(config__json=b"[]"), "its sizes are a list"),
        "config-moon": (
            make.files(
                config__json=b'{"config_overrides":{},"PATCH_LENGTH":' + b"9" * 9_000 + b"}"
            ),
            "a size of 9,000 digits",
        ),
        "width-moon": (make.text_config(hidden_size=2**40), "a width of 2^40"),
        "width-zero": (make.text_config(hidden_size=0), "no width"),
        "width-negative": (make.text_config(hidden_size=-64), "a negative width"),
        "width-text": (
            make.text_config(hidden_size="64; touch PWNED_model"),
            "a command for a width",
        ),
        "heads-zero": (make.text_config(num_attention_heads=0), "no heads"),
        "layers-100000": (make.text_config(num_hidden_layers=100_000), "100,000 layers"),
        "vocabulary-moon": (make.text_config(vocab_size=2**62), "2^62 words"),
        "eps-nan": (make.config(text_config={"layer_norm_eps": "NaN"}), "sizes that are not there"),
    }


def _bad_checkpoints() -> dict[str, tuple[bytes, str]]:
    return {
        "system": (checkpoint(_SYSTEM), "runs a command when it is read"),
        "exec": (checkpoint(_EXEC), "runs Python when it is read"),
        "nested": (checkpoint(_NESTED), "runs a command deep inside"),
        "legacy": (_SYSTEM, "is a bare pickle that runs a command"),
        "text": (b"Dear friend,", "is a letter"),
        "empty": (b"", "is no byte long"),
        "cut": (checkpoint(_SYSTEM)[:-40], "is half a checkpoint"),
        "no-model": (checkpoint(b"(dS'weights'\nI1\ns."), "holds no state dict"),
        "number": (checkpoint(b"I42\n."), "holds a number"),
        "loop": (checkpoint(b"(lp0\ng0\na."), "holds a list that holds itself"),
    }


def _sums(files: Mapping[str, bytes]) -> dict[str, tuple[dict[str, bytes], str, Outcome]]:
    """Change the sums of a folder that was imported before, with its card and sums."""

    def change(sums: bytes) -> dict[str, bytes]:
        return {**files, "SHA256SUMS": sums}

    listed = files["SHA256SUMS"]
    return {
        "sums": (dict(files), "has the sums of its files", Accepted()),
        "sums-absent": (
            {name: data for name, data in files.items() if name != "SHA256SUMS"},
            "has no sums", Accepted(),
        ),
        "sums-wrong": (change(listed.replace(listed[:8], b"0" * 8)), "has a wrong sum", _REFUSED),
        "sums-climbing": (
            change(listed + b"0" * 64 + f"  ../{OUTSIDE}/secret.abc\n".encode()),
            "has the sum of a file outside", _REFUSED,
        ),
        "sums-absolute": (
            change(listed + b"0" * 64 + b"  /etc/passwd\n"), "has the sum of /etc/passwd", _REFUSED,
        ),
        "sums-long": (
            change(listed + b"0" * 64 + b"  gone.bin\n"), "has the sum of what is not there",
            _REFUSED,
        ),
        "sums-short": (change(listed[: listed.index(b"\n") + 1]), "lacks sums", _REFUSED),
        "sums-prose": (change(CANARY.encode() + b"\xff\0\n"), "its sums are a letter", _REFUSED),
    }  # fmt: skip


def folders() -> list[ModelCase]:
    """Give the cases that are folders of the reference's form."""
    make = _Maker()
    good = [ModelCase("models", n, does, Accepted(), f) for n, (f, does) in _good(make).items()]
    changed = {**_bad_weights(make), **_bad_config(make)}
    return [
        *good,
        *(ModelCase("models", n, does, _REFUSED, files) for n, (files, does) in changed.items()),
    ]


def checkpoints() -> list[ModelCase]:
    """Give the cases that are one checkpoint."""
    return [
        ModelCase("models", f"{name}.pth", does, _REFUSED, {f"{name}.pth": data})
        for name, (data, does) in _bad_checkpoints().items()
    ]


def with_sums(imported: Mapping[str, bytes]) -> list[ModelCase]:
    """Give the cases about sums, from the files of an imported model."""
    return [
        ModelCase("models", name, does, outcome, files)
        for name, (files, does, outcome) in _sums(imported).items()
    ]
