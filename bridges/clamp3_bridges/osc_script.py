"""Makes what is put into hosts that ask by OSC: where the token lies goes into each file."""

from collections.abc import Callable, Sequence
from importlib.resources.abc import Traversable

from clamp3_bridges.installing import mark
from clamp3_bridges.osc.secret import token_file
from clamp3_plugin.config import Home


def compose(
    folder: Traversable, names: Sequence[str], host: str, home: Home, quote: Callable[[str], str]
) -> dict[str, bytes]:
    """Give files as they are installed, by path below the host's folder.

    Parameters
    ----------
    folder
        Where they lie; ``names`` are paths below it, with ``/``.
    host
        Name of the host, for the mark.
    quote
        Writes a text as the host's language wants it.
    """
    token = quote(str(token_file(home)))
    texts = {name: folder.joinpath(*name.split("/")).read_text("utf-8") for name in names}
    return {
        f"clamp3/{name}": text.replace("@MARK@", mark(host)).replace("@TOKEN_FILE@", token).encode()
        for name, text in texts.items()
    }
