"""MiCRo (arXiv 2505.24846): the known answers of its mixture loss and router update, and both stages on two opposed groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Fit, Head, Objective, Reward
from guerdon.core.types import Preference, Sample, sample
from guerdon.models.batch import Batch
from guerdon.models.hedge import hedge
from guerdon.simulation.cyclic import PHRASES, TOPICS

EVEN, SKEW = (0.5, 0.5), (0.8, 0.2)


def objective(**fields: Any) -> Any:
    return build({"use": "models.objectives.mixture_bradley_terry", **fields}, Objective)  # type: ignore[type-abstract]


def outputs(weights: Sequence[float], margins: Sequence[float]) -> torch.Tensor:
    """A pair's outputs: the better response has the margins as its rewards, the other 0."""
    mixed = sum(f * m for f, m in zip(weights, margins, strict=True))
    gate = [math.log(f) for f in weights]
    return torch.tensor([[mixed, *margins, *gate], [0.0] * (1 + len(margins)) + gate], dtype=torch.float64)


def loss(weights: Sequence[float], margins: Sequence[float], **fields: Any) -> float:
    return float(objective(**{"alpha": 0.0, **fields}).loss(outputs(weights, margins), Batch.of_pairs([(0, 1)]))[0])


def test_the_log_of_the_mixture_is_not_the_mixture_of_rewards() -> None:
    assert loss(SKEW, (2, -1)) == pytest.approx(0.2765, abs=1e-4)
    assert loss(SKEW, (2, -1), mix="reward") == pytest.approx(0.2204, abs=1e-4)
    # worked out by hand: −log σ(2) − log σ(−1) = 0.126928 + 1.313262
    assert loss(SKEW, (2, -1), mix="ensemble") == pytest.approx(1.440190, abs=1e-5)


def test_the_entropy_term_is_least_at_an_even_gate() -> None:
    term = [loss(f, (0, 0), alpha=0.5) - math.log(2) for f in (EVEN, SKEW, (0.99, 0.01))]
    assert term[0] == pytest.approx(-0.5 * math.log(2), abs=1e-6) and term == sorted(term)
    assert loss((1 / 3,) * 3, (0, 0, 0), alpha=1.0) - math.log(2) == pytest.approx(-math.log(3), abs=1e-6)


@pytest.mark.parametrize("mix", ["probability", "reward", "ensemble"])
@pytest.mark.parametrize("delta", [-3.0, 0.0, 1.7])
def test_one_head_is_plain_bradley_terry(mix: str, delta: float) -> None:
    out = torch.tensor([[delta, delta, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    plain = build({"use": "models.objectives.bradley_terry"}, Objective)  # type: ignore[type-abstract]
    rows = Batch.of_pairs([(0, 1)])
    assert float(objective(mix=mix).loss(out, rows)[0]) == pytest.approx(float(plain.loss(out[:, :1], rows)[0]))


def test_jensen_the_mixture_costs_at_most_the_mean_of_its_heads() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        weights = torch.rand(4, generator=generator).softmax(0).tolist()
        margins = (4 * torch.randn(4, generator=generator)).tolist()
        heads = sum(f * math.log1p(math.exp(-m)) for f, m in zip(weights, margins, strict=True))
        assert loss(weights, margins) <= heads + 1e-9


def test_the_hedge_target() -> None:
    even, costs = torch.tensor([EVEN]).double().log(), torch.tensor([[0.1, 2.0]]).double()
    assert hedge(even, costs, 1.0).exp().tolist()[0] == pytest.approx([0.8699, 0.1301], abs=1e-4)
    skew = torch.tensor([SKEW]).double().log()
    assert hedge(skew, costs, 1e12).exp().tolist()[0] == pytest.approx(SKEW)
    assert hedge(skew, costs.flip(1), 1e-4).exp().tolist()[0] == pytest.approx([0.0, 1.0])
    assert torch.isfinite(hedge(skew.float(), costs.float(), 1e-4)).all(), "no overflow in float32"


def test_the_hedge_target_is_the_minimum_of_its_objective() -> None:
    """Worked out: Σ f L + τ KL(f ‖ ω) at its minimum is −τ log Σ ω exp(−L/τ)."""
    omega, costs, tau = torch.tensor(SKEW).double(), torch.tensor([0.7, 0.2]).double(), 0.3

    def value(f: torch.Tensor) -> float:
        return float((f * costs).sum() + tau * (f * (f / omega).log()).sum())

    best = hedge(omega.log()[None], costs[None], tau)[0].exp()
    assert value(best) == pytest.approx(-tau * float((omega * (-costs / tau).exp()).sum().log()))
    for shift in (-0.05, 0.05):
        assert value(best + torch.tensor([shift, -shift])) > value(best)


def test_the_comparison_of_a_head_is_the_log_odds_of_the_mixture() -> None:
    head = build({"use": "models.heads.routed", "compares": "mixture"}, Head)  # type: ignore[type-abstract]
    odds = head.compare(outputs(SKEW, (2, -1)), torch.tensor([[0, 1], [1, 0]]))
    p = math.exp(-0.276530)
    assert odds.tolist() == pytest.approx([math.log(p / (1 - p)), -math.log(p / (1 - p))], abs=1e-4)


# ---- two groups with opposite preferences


def test_opposite_preferences_on_one_feature() -> None:
    """50/50 and the same prompts: one reward stays at log 2, and of the mixture's two heads each agrees with one group."""
    z = torch.tensor([[1.0], [-1.0]]).repeat(32, 1)
    features = torch.cat([z, torch.zeros(64, 1)], 1)  # the prompt is the same for all
    sides = [(2 * i, 2 * i + 1) if i % 2 else (2 * i + 1, 2 * i) for i in range(32)]  # two groups in turn
    rows = Batch.of_pairs(sides)
    found = {}
    for parts in (["one"], ["one", "two"]):
        head = build({"use": "models.heads.routed", "parts": parts, "init_std": None, "standardise": False}, Head)  # type: ignore[type-abstract]
        torch.manual_seed(0)
        module = head.module(2)
        optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
        for _ in range(100):
            optimiser.zero_grad()
            value, logs = objective().loss(module(features), rows)
            value.backward()
            optimiser.step()
        found[len(parts)] = module(features)[:2, 1 : 1 + len(parts)].detach()
        assert logs["likelihood"] == pytest.approx(math.log(2), abs=1e-3)
    margins = found[2][0] - found[2][1]
    assert abs(float(found[1][0] - found[1][1])) < 1e-2 and float(margins.min()) < -0.1 < 0.1 < float(margins.max())


GROUPS = {"money": "Prefer answers about money and costs.", "kind": "Prefer kind and comforting words."}
HEAD = {
    "use": "models.heads.routed", "parts": ["head_1", "head_2"], "gate": ["prompt:mean"], "gate_hidden": [128],
    "compares": "mixture", "init_std": None,
}  # fmt: skip


def opposed(part: int) -> list[Sample]:
    """Eight pairs of a thrifty and a warm answer, asked about buying and about feelings, judged by both groups."""
    made = []
    for i in range(8):
        topic, texts = TOPICS[i + 8 * part], [PHRASES[v][i] for v in ("costs", "warmth")]
        asks = {"money": f"How do I buy {topic} cheaply?", "kind": f"I feel sad about {topic}, what now?"}
        for usual, ask in asks.items():
            for name, words in GROUPS.items():
                pair = Preference(better=int(name == "kind"), worse=int(name == "money"))
                context = {"criterion": words, "usual": usual == name}
                made.append(sample(ask, *texts, id=f"{topic}:{usual}:{name}", preferences=(pair,), context=context))
    return made


def right(spec: dict[str, Any], samples: Sequence[Sample], part: str = "") -> float:
    """Share of the pairs in order, by the margins of a reward or by one of its parts."""
    judged = run_sync(build(spec, Reward).score(samples))  # type: ignore[type-abstract]
    won = []
    for s, j in zip(samples, judged, strict=True):
        p = s.preferences[0]
        if part:
            a, b = (j.scores[i].parts[part] or 0.0 for i in (p.better, p.worse))
            won.append(a > b)
        elif j.margins is not None:
            won.append((j.margins[p.better][p.worse] or 0.0) > 0)
        else:
            won.append((j.values[p.better] or 0.0) > (j.values[p.worse] or 0.0))
    return sum(won) / len(won)


def fit(spec: dict[str, Any], samples: Sequence[Sample], out: Path) -> str:
    return str(build({"device": "cpu", **spec}, Fit).fit(samples, out))  # type: ignore[type-abstract]


@pytest.mark.slow
def test_both_stages_and_the_baselines(tmp_path: Path) -> None:
    """Stage 1 sees each group on its usual prompts, unlabelled; test pairs ask for both on every prompt, new ones."""
    train, test = opposed(0), opposed(1)
    many = [replace(s, id=f"{s.id}:{i}") for i in range(8) for s in train if s.context["usual"]]
    shared = {"use": "models.reward_model", "epochs": 5, "batch_size": 16, "learning_rate": 1e-2, "validation": 0.0}
    single = fit({**shared, "head": {"use": "models.heads.scalar", "read": ["response:mean"]}}, many, tmp_path / "bt")
    assert right({"use": "rewards.trained", "path": single}, test) == 0.5, "one scalar pleases one of two"

    mixture = {"use": "models.objectives.mixture_bradley_terry"}
    first = fit({**shared, "head": HEAD, "objective": mixture}, many, tmp_path / "stage-1")
    one = {"use": "rewards.trained", "path": first}
    by_group = [[s for s in test if s.id.endswith(g)] for g in GROUPS]
    found = [[right(one, group, f"head_{k}") for k in (1, 2)] for group in by_group]
    assert min(max(row) for row in found) >= 0.85, "a head for each group"
    assert [row.index(max(row)) for row in found] in ([0, 1], [1, 0]), "and not the same one"
    assert right(one, test) == 0.5, "without a context the router goes by the prompt"

    second = fit({"use": "models.hedge", "init": first, "epochs": 40}, train, tmp_path / "stage-2")
    reward = {"use": "rewards.compose.in_context", "reward": {"use": "rewards.trained", "path": second}}
    assert right(reward, test) >= 0.9
    parts = run_sync(build(reward, Reward).score(test[:1]))[0].scores[0].parts  # type: ignore[type-abstract]
    assert set(parts) == {"head_1", "head_2", "log_gate_head_1", "log_gate_head_2"}
    frozen, before = (build({"use": "rewards.trained", "path": f}, Reward) for f in (second, first))  # type: ignore[type-abstract]
    for a, b in zip(run_sync(frozen.score(test))[0].scores, run_sync(before.score(test))[0].scores, strict=True):
        assert [a.parts[f"head_{k}"] for k in (1, 2)] == [b.parts[f"head_{k}"] for k in (1, 2)], (
            "the rewards are frozen"
        )

    for name, group, other in zip(GROUPS, by_group, by_group[::-1], strict=True):
        pairs = [s for s in train if s.id.endswith(name)]
        own = fit({"use": "models.reweigh", "init": first, "temperature": 0.01}, pairs, tmp_path / f"hyre-{name}")
        spec = {"use": "rewards.trained", "path": own}
        assert right(spec, group) >= 0.85 and right(spec, other) <= 0.15
