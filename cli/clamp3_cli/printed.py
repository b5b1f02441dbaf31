"""Bar numbers as printed, from the file itself: the library keeps bars as counted."""

from pathlib import Path

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.music import Modality, Piece


def printed_numbers(piece: Piece) -> dict[int, str]:
    """Read the printed number of each bar; nothing where the file is gone or has no bars."""
    from clamp3_plugin.readers import registry  # noqa: PLC0415 - the readers, 0.1 s
    from clamp3_plugin.readers.score import Score  # noqa: PLC0415 - as above

    if piece.modality is not Modality.SCORE:
        return {}
    try:
        contents = registry.read(Path(piece.path))
    except Clamp3Error:
        return {}
    score = contents[piece.tune - 1] if piece.tune <= len(contents) else None
    return {bar.index: bar.number for bar in score.bars} if isinstance(score, Score) else {}
