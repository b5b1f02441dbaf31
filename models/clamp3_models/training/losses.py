"""Contrastive losses: the paper's, and the one for small models and short texts.

References
----------
Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021;
Khosla et al., "Supervised Contrastive Learning", 2020 (several right answers in a batch).
"""

from torch import Tensor
from torch.nn import functional as F


def clip_loss(left: Tensor, right: Tensor, scale: float | Tensor = 1.0) -> Tensor:
    """Symmetric cross-entropy over all pairs of a batch, row i belonging to row i.

    With ``scale`` 1 and features as they are this is the reference's loss.

    Parameters
    ----------
    left, right : Tensor
        shape ``(B, D)``.
    scale : float or Tensor
        Inverse temperature.
    """
    logits = scale * left @ right.t()
    right_answers = logits.new_ones(len(left)).diag()
    return multi_positive_loss(logits, right_answers)


def multi_positive_loss(logits: Tensor, matches: Tensor) -> Tensor:
    """Symmetric cross-entropy where a row may have several right answers.

    Parameters
    ----------
    logits : Tensor
        shape ``(B, B)``.
    matches : Tensor
        shape ``(B, B)``, nonzero where the pair belongs together; every row and column has one.

    Notes
    -----
    The target of a row is uniform over its right answers, so "jig" is drawn to every jig of the
    batch rather than to the one it was written for.
    """
    rows = matches / matches.sum(1, keepdim=True)
    columns = (matches / matches.sum(0, keepdim=True)).t()
    forth = F.cross_entropy(logits, rows)
    back = F.cross_entropy(logits.t(), columns)
    return (forth + back) / 2
