"""The contrastive loss: of all pairs of a batch, the diagonal is right.

References
----------
Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021.
"""

import torch
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
    return symmetric_loss(scale * left @ right.t())


def symmetric_loss(logits: Tensor) -> Tensor:
    """Cross-entropy of rows and of columns, ``(B, B)``; the right answers stand on the diagonal."""
    answers = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, answers) + F.cross_entropy(logits.t(), answers)) / 2
