"""A two-link arm that is to bring its fingertip to a target: a continuous world to draw from. Seeded, without a physics engine.

A state is (θ1, θ2, ω1, ω2, x, y): joint angles, their speeds and the target; an action two torques in [−1, 1]. The joints are
damped and independent, ω' = damping·ω + push·a, θ' = θ + dt·ω'. Reacher-like after arXiv 2309.15257; all constants [inferred].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guerdon.core.errors import SpecError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reacher:
    """gamma · noise: standard deviation of what disturbs the speeds at each step · the arm's constants. Raises SpecError."""

    gamma: float = 0.99
    noise: float = 0.05
    links: tuple[float, float] = (0.1, 0.11)
    damping: float = 0.9
    push: float = 1.0
    dt: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < 1 or self.noise < 0:
            raise SpecError("gamma is in [0, 1), and noise at least 0")

    def states(self, count: int, rng: np.random.Generator) -> Floats:
        """Angles and targets anywhere in reach, small speeds, [N, 6]."""
        angles, speeds = rng.uniform(-np.pi, np.pi, (count, 2)), rng.normal(0.0, 1.0, (count, 2))
        radius, turn = sum(self.links) * np.sqrt(rng.random(count)), rng.uniform(-np.pi, np.pi, count)
        return np.column_stack([angles, speeds, radius * np.cos(turn), radius * np.sin(turn)])

    def actions(self, count: int, rng: np.random.Generator) -> Floats:
        """Uniform torques [N, 2]."""
        return rng.uniform(-1.0, 1.0, (count, 2))

    def step(self, states: Floats, actions: Floats, rng: np.random.Generator) -> Floats:
        """The next states [N, 6]; the target stays."""
        torque = np.clip(actions, -1.0, 1.0)
        speeds = self.damping * states[:, 2:4] + self.push * torque + self.noise * rng.normal(size=torque.shape)
        angles = (states[:, :2] + self.dt * speeds + np.pi) % (2 * np.pi) - np.pi
        return np.column_stack([angles, speeds, states[:, 4:]])

    def fingertip(self, states: Floats) -> Floats:
        """Its place [N, 2]."""
        one, both = states[:, 0], states[:, 0] + states[:, 1]
        x = self.links[0] * np.cos(one) + self.links[1] * np.cos(both)
        return np.column_stack([x, self.links[0] * np.sin(one) + self.links[1] * np.sin(both)])

    def reward(self, states: Floats, actions: Any, after: Floats) -> Floats:
        """−distance of the fingertip from the target after the step − ‖a‖² · 0.1, [N]."""
        gap = np.linalg.norm(self.fingertip(after) - after[:, 4:], axis=-1)
        found: Floats = -gap - 0.1 * np.square(actions).sum(-1)
        return found
