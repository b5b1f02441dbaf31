"""Which texts are true of which pieces: what a batch must not call a wrong answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clamp3_models.training.bank import Bank

Rows = NDArray[np.int64]


class Truth:
    """A text is true of a piece that has all the facts it states.

    Parameters
    ----------
    bank : Bank
        Pieces and texts.
    """

    def __init__(self, bank: Bank) -> None:
        names = sorted(set().union(*bank.text_facts, *(piece.facts for piece in bank.pieces)))
        number = {name: i for i, name in enumerate(names)}
        self._has = np.zeros((len(bank.pieces), len(names) + 1), bool)
        self._has[:, -1] = True  # what fills the rows of texts that state less
        for row, piece in enumerate(bank.pieces):
            self._has[row, [number[name] for name in piece.facts]] = True
        most = max(map(len, bank.text_facts))
        self._stated = np.full((len(bank.texts), most), len(names), np.int32)
        for row, facts in enumerate(bank.text_facts):
            self._stated[row, : len(facts)] = [number[name] for name in facts]
        self.states_key = np.array([bool(facts & bank.key_facts) for facts in bank.text_facts])
        """Whether a text states a key, bool ``(texts,)``."""

    def __call__(self, texts: Rows, pieces: Rows) -> NDArray[np.bool_]:
        """Tell which texts are true of which pieces, as they are written.

        Parameters
        ----------
        texts : ndarray
            Rows of texts, ``(n,)``.
        pieces : ndarray
            Rows of pieces, ``(m,)``.

        Returns
        -------
        ndarray
            bool ``(n, m)``.
        """
        has, stated = self._has[pieces].T, self._stated[texts]
        true = has[stated[:, 0]]
        for column in stated.T[1:]:
            true &= has[column]
        return np.asarray(true)

    def unfit(
        self, texts: Rows, pieces: Rows, transposed: Sequence[bool] | NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Tell which texts are no wrong answer for pieces, ``(n, m)``: those that are true of them.

        Of a transposed copy also those that state a key: nobody knows whether they are true.
        """
        return self(texts, pieces) | np.outer(self.states_key[texts], np.asarray(transposed))
