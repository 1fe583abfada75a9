"""Random finite environments with sparse transitions, and pairs of random rewards joined by a straight line. Seeded.

32 states, 4 actions, sparse transitions and 16 steps a line are arXiv 2309.15257's; how sparse, and how rewards are drawn, is
[inferred]: `successors` next states a state and action with Dirichlet(1) probabilities; rewards of independent normal numbers
on all (s, a, s'), times a random scale, plus potential shaping with normal potentials of a random scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import SpecError

Floats = npt.NDArray[np.float64]
SCALES = (0.1, 10.0)  # of a reward, drawn evenly in log
POTENTIALS = (0.0, 3.0)  # spread of the potentials, as a multiple of the reward's [inferred]


@dataclass(frozen=True)
class TabularWorld:
    """Environment number i as transitions [S, A, S], and its pairs of rewards. Raises SpecError for sizes that do not fit."""

    states: int = 32
    actions: int = 4
    successors: int = 3
    gamma: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.successors <= self.states or self.actions < 1:
            raise SpecError("successors is 1 to states, and actions at least 1")
        if not 0 <= self.gamma < 1:
            raise SpecError(f"gamma is in [0, 1), found {self.gamma}")

    def transitions(self, number: int) -> Floats:
        """τ [S, A, S] of environment `number`: every row has `successors` next states."""
        rng = np.random.default_rng([self.seed, number, 0])
        tau = np.zeros((self.states, self.actions, self.states))
        chosen = rng.random(tau.shape).argsort(-1)[..., : self.successors]
        np.put_along_axis(tau, chosen, rng.dirichlet(np.ones(self.successors), tau.shape[:2]), -1)
        return tau

    def pair(self, number: int, pair: int) -> tuple[Floats, Floats]:
        """Two independent rewards [S, A, S] for environment `number`."""
        rng = np.random.default_rng([self.seed, number, 1 + pair])
        return self._reward(rng), self._reward(rng)

    def line(self, number: int, pair: int, steps: int = 16) -> tuple[Floats, list[Floats]]:
        """The first reward of a pair, and R1 + k/steps · (R2 − R1) for k = 1 … steps."""
        first, second = self.pair(number, pair)
        return first, [first + k / steps * (second - first) for k in range(1, steps + 1)]

    def _reward(self, rng: np.random.Generator) -> Floats:
        scale = np.exp(rng.uniform(*np.log(SCALES)))
        potential = rng.uniform(*POTENTIALS) * rng.normal(size=self.states)
        plain = rng.normal(size=(self.states, self.actions, self.states))
        found: Floats = scale * (plain + self.gamma * potential - potential[:, None, None])
        return found
