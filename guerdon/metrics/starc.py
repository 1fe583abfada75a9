"""STARC: distances of rewards that are 0 exactly where both order all policies alike (arXiv 2309.15257). Pure.

s(R) = c(R)/n(c(R)), 0 where that norm is 0; d(R1, R2) = m(s(R1), s(R2)) = ‖s(R1) − s(R2)‖. Any canonical form c, normaliser n
and metric m go together: VAL-2-2 is `starc_distance(r1, r2, mdp)`, DARD-1-1 `starc_distance(r1, r2, mdp, dard, L1, L1)`.

With VAL, Minimal or another c that removes potential shaping and S'-redistribution (and a norm), the distance gives an upper
and a lower bound on the worst-case regret: it is sound and complete. With EPIC, DARD, VALPotential or MinimalPotential it
is not complete: rewards that are equivalent up to S'-redistribution may lie apart.
"""

from __future__ import annotations

from typing import Any

from guerdon.metrics.canonical import Canonical, val
from guerdon.metrics.mdp import Floats, Mdp
from guerdon.metrics.norms import L2, Norm, normalised


def standardised(reward: Any, mdp: Mdp, canonical: Canonical = val, normaliser: Norm = L2) -> Floats:
    """s(R) = c(R)/n(c(R)) [S, A, S]; 0 where c(R) is 0 up to rounding. Weighted norms weigh by τ."""
    r = mdp.reward(reward)
    return normalised(canonical(r, mdp), r, normaliser, mdp.transitions)


def starc_distance(
    first: Any, second: Any, mdp: Mdp, canonical: Canonical = val, normaliser: Norm = L2, metric: Norm = L2
) -> float:
    """‖s(R1) − s(R2)‖, 0 to 2 where `normaliser` and `metric` are the same norm: 2 for a reward and its negative.

    Options of a canonical form (a policy, distributions) are bound with `functools.partial`. Raises DataError for rewards
    that do not fit the Mdp.
    """
    one, two = (standardised(r, mdp, canonical, normaliser) for r in (first, second))
    return metric(one - two, mdp.transitions)
