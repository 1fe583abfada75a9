"""Likelihood-Based Reward Designs for General LLM Reasoning (arXiv:2602.03979).

Claim: the log-probability of the reference answer is a reward that works with short verifiable answers (Llama-3.2-3B on MATH,
greedy: 17.13 → 43.30, as good as 44.19 with the probability and 42.74 with a verifier) and also with long ones, where the
probability is flat (NuminaProof log-prob an answer: −1.2871 → −1.1124 against −1.2859).

toy: a world of eight prompts and eight methods, each method leading to an answer of its own, and one right for each prompt. A
tiny decoder is trained for seconds on such texts, three words in ten drawn at random, all methods alike. Then it is trained by
`models.objectives.likelihood_policy`, 8 chains a prompt, on answers of one word and of twenty-six. The claim holds if on short
answers both rewards raise the greedy success, on long ones the log-probability raises the answer's log-prob a token and
does so by more than the probability, all by 95 % intervals. Negative control: references whose words are drawn anew at every
step must raise neither figure. paper: the published model and data by hub id; its policy training needs a trainer of policies and is left to one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from guerdon.core.build import build
from guerdon.core.concurrency import run_sync
from guerdon.core.contracts import Engine, Objective, Reward
from guerdon.core.types import Evidence, Request, Sample, sample
from guerdon.recipes._paper import Paper
from guerdon.recipes._toy_chat import gap, interval, rendered

PAPER = Paper(
    slug="likelihood-rewards",
    title="Likelihood-Based Reward Designs for General LLM Reasoning",
    arxiv="2602.03979",
    files=(
        "rewards/likelihood/answer.py", "rewards/likelihood/jepo.py", "rewards/likelihood/rlpr.py", "rewards/likelihood/nover.py",
        "rewards/likelihood/binary.py", "rewards/likelihood/slot.py", "metrics/likelihood.py", "curation/std_filter.py",
        "models/objectives/likelihood_policy.py", "engines/local.py",
    ),
    claim="log-probability rewards work with short and with long answers, where probability rewards are flat",
    published={
        "MATH greedy, base": 17.13, "MATH greedy, binary": 42.74, "MATH greedy, logprob": 43.30, "MATH greedy, prob": 44.19,
        "NuminaProof log-prob, base": -1.2871, "NuminaProof log-prob, logprob": -1.1124, "NuminaProof log-prob, prob": -1.2859,
    },
    partial="the outer loop of policy training (sampling, KL, NOVER's proxy schedule) belongs to a policy trainer",
)  # fmt: skip
WORDS = ("amber", "basil", "cedar", "dune", "ember", "fjord", "grove", "harbor")
METHODS = ("count", "draw", "guess", "infer", "list", "prove", "search", "weigh")
PLACES = "abcdefghijklmnopqrstuvwxyz"
CHAINS, NOISE, RATE = 8, 0.3, 0.2
Rows = list[dict[str, float]]


def run(scale: str) -> Evidence:
    """Measures at a scale: smoke has one seed and few steps."""
    if scale == "paper":
        return _published_setting()
    return _toy((0,), 60, 4, 4) if scale == "smoke" else _toy((0, 1, 2), 500, 60, 26)


def _toy(seeds: Sequence[int], pretraining: int, steps: int, long: int) -> Evidence:
    settings = {"base": "", "logprob": "logprob", "prob": "prob", "logprob, random references": "logprob"}
    found: dict[tuple[str, str], Rows] = {(n, kind): [] for n in settings for kind in ("short", "long")}
    for seed in seeds:
        for kind, length in (("short", 1), ("long", long)):
            start, tokenizer = base_model(seed, length, pretraining)
            for name, variant in settings.items():
                model = trained(start, tokenizer, length, variant, steps, seed, blind="random" in name)
                found[name, kind].append(_figures(model, tokenizer, length))
    measured: dict[str, Any] = {}
    for name in ("base", "logprob", "prob"):
        measured[f"greedy success, short answers, {name}"] = interval(found[name, "short"])
        measured[f"log-prob a token, long answers, {name}"] = interval(found[name, "long"])
    raised = {n: gap(found[n, "short"], found["base", "short"]) for n in settings if n != "base"}
    longer = {n: gap(found[n, "long"], found["base", "long"]) for n in settings if n != "base"}
    ahead = gap(found["logprob", "long"], found["prob", "long"])
    measured |= {"long answers, logprob over prob": ahead}
    blind = "logprob, random references"
    control = {
        "short answers, random references over base": raised[blind],
        "long answers, random references over base": longer[blind],
    }
    works = raised["logprob"][1] > 0 and raised["prob"][1] > 0 and longer["logprob"][1] > 0 and ahead[1] > 0
    fails = raised[blind][1] <= 0 and longer[blind][1] <= 0
    return Evidence(
        measured=measured, control=control, holds=(works and fails) if len(seeds) >= 3 else None,
        note=f"Tiny Llama-like decoder, {len(WORDS)} prompts, seeds {list(seeds)}, {len(WORDS)}×{CHAINS} chains a step; intervals "
        f"over prompts. Long answers have {long} words, {steps} plain gradient steps of rate {RATE}. Over the base: logprob {raised['logprob'][0]:+} points of success and "
        f"{longer['logprob'][0]:+} nats a token, prob {raised['prob'][0]:+} and {longer['prob'][0]:+}.",
    )  # fmt: skip


def right(prompt: int) -> int:
    """The method that is right for a prompt."""
    return (3 * prompt + 1) % len(METHODS)


def reference(prompt: int, length: int) -> str:
    """The reference answer: what the right method leads to."""
    return row(right(prompt), length)


def row(method: int, length: int) -> str:
    """Where a method leads: `a word b word …`, the words drawn once for each method and place."""
    table = np.random.default_rng(5).permuted(np.tile(np.arange(len(WORDS)), (len(PLACES), 1)), axis=1)
    return " ".join(f"{place} {WORDS[table[i, method]]}" for i, place in enumerate(PLACES[:length]))


def text(prompt: int, method: int, answer: str) -> str:
    """A whole text as the model is trained on it."""
    return rendered((("user", f"ask{prompt}"), ("assistant", f"{METHODS[method]} <answer> {answer} </answer>")))


def base_model(seed: int, length: int, steps: int) -> tuple[Any, Any]:
    """A model that knows, with noise, where each method leads, and not which is right."""
    from guerdon.models.toy_lm import toy_model, train, word_tokenizer

    rng, texts = np.random.default_rng([seed, length]), []
    for _ in range(1500):
        prompt, method = int(rng.integers(len(WORDS))), int(rng.integers(len(METHODS)))
        words = row(method, length).split()
        for place in range(1, len(words), 2):
            words[place] = WORDS[rng.integers(len(WORDS))] if rng.random() < NOISE else words[place]
        texts.append(text(prompt, method, " ".join(words)))
    every = [text(p, m, reference(p, 1)) for p in range(len(WORDS)) for m in range(len(METHODS))]
    tokenizer = word_tokenizer([*texts, *every, *(text(p, 0, reference(p, length)) for p in range(len(WORDS)))])
    model = toy_model(tokenizer, "llama", seed, hidden_size=64, intermediate_size=128)
    train(model, tokenizer, texts, steps, seed=seed)
    return model, tokenizer


def trained(start: Any, tokenizer: Any, length: int, variant: str, steps: int, seed: int, blind: bool = False) -> Any:
    """The model after `steps` of the policy loss; `blind` draws the references' words anew at every step (a control)."""
    import copy

    import torch

    model = copy.deepcopy(start)
    if not variant:
        return model
    objective: Any = build({"use": "models.objectives.likelihood_policy", "variant": variant}, Objective)  # type: ignore[type-abstract]
    optimiser = torch.optim.SGD(
        model.parameters(), lr=RATE
    )  # plain: an adaptive step would hide how small a gradient is
    draws = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        out, batch = rollout(model, tokenizer, length, blind, draws)
        loss, _ = objective.loss(out, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model


def rollout(model: Any, tokenizer: Any, length: int, blind: bool, draws: Any) -> tuple[Any, Any]:
    """CHAINS sampled methods a prompt, with log π(method) and the log-probabilities of the reference's tokens after it."""
    from dataclasses import replace

    import torch

    from guerdon.models.batch import Batch
    from guerdon.models.objectives.likelihood_policy import PolicyOut

    def ids(words: str) -> list[int]:
        return list(tokenizer(words, add_special_tokens=False)["input_ids"])

    methods = torch.tensor([ids(m)[0] for m in METHODS])
    heads = torch.tensor([ids(text(p, 0, "").partition(METHODS[0])[0]) for p in range(len(WORDS))])
    with torch.no_grad():
        first = model(input_ids=heads).logits[:, -1, methods].softmax(-1)
        drawn = torch.multinomial(first, CHAINS, replacement=True, generator=draws)
    rows, answers = [], []
    for prompt in range(len(WORDS)):
        words = reference(prompt, length).split()
        if blind:
            words[1::2] = [WORDS[i] for i in torch.randint(len(WORDS), (length,), generator=draws).tolist()]
        answer = ids(" " + " ".join(words))
        for method in drawn[prompt].tolist():
            rows.append([*heads[prompt].tolist(), int(methods[method]), *ids(" <answer>"), *answer])
            answers.append(answer)
    fed, wanted = torch.tensor(rows), torch.tensor(answers)
    logs = model(input_ids=fed).logits.log_softmax(-1)
    place = heads.shape[1] - 1
    chain = logs[:, place].gather(1, fed[:, place + 1, None])[:, 0]
    begin = fed.shape[1] - wanted.shape[1] - 1
    answer_logs = logs[:, begin:-1].gather(2, wanted[..., None])[..., 0]
    group = torch.arange(len(WORDS)).repeat_interleave(CHAINS)
    out = PolicyOut(chain, answer_logs, torch.ones_like(wanted, dtype=torch.bool))
    return out, replace(Batch.of_pairs([]), group=group)


def _figures(model: Any, tokenizer: Any, length: int) -> dict[str, float]:
    """A prompt's greedy success (one word) or the answer's log-prob a token after a method sampled from the model."""
    from guerdon.models.toy_lm import save

    with tempfile.TemporaryDirectory() as folder:
        spec = {
            "use": "engines.local",
            "model": str(save(model, tokenizer, Path(folder))),
            "layout": "plain",
            "device": "cpu",
        }
        engine = build({**spec, "stop": [" </answer>"]}, Engine)  # type: ignore[type-abstract]
        groups = [sample(f"ask{p}", "-", id=str(p), reference=reference(p, length)) for p in range(len(WORDS))]
        opened = [Request(messages=g.prompt, max_tokens=16) for g in groups]
        if length == 1:
            texts = [f[0].text for f in run_sync(engine.generate(opened))]
            return {g.id: float(t.endswith(f"> {g.reference}")) for g, t in zip(groups, texts, strict=True)}
        reward = build({"use": "rewards.likelihood.answer", "variant": "avg_logprob", "engine": spec}, Reward)  # type: ignore[type-abstract]
        weighed = run_sync(reward.score([_all_methods(g) for g in groups]))
        chosen = run_sync(engine.next_token([Request(messages=o.messages, choices=METHODS) for o in opened]))
    return {g.id: _expected(c.top_logprobs[0], j.values) for g, c, j in zip(groups, chosen, weighed, strict=True)}


def _all_methods(group: Sample) -> Sample:
    return sample(group.prompt_text, *(f"{m} <answer>" for m in METHODS), id=group.id, reference=group.reference)


def _expected(logs: Mapping[str, float], values: Sequence[float | None]) -> float:
    """E_z of the mean log-prob over the methods as the model draws them."""
    weights = np.exp([logs[m] for m in METHODS])
    return float(weights @ np.array(values, dtype=np.float64) / weights.sum())


def _published_setting() -> Evidence:
    """Llama-3.2-3B-Instruct on MATH: log-prob a token of the reference after greedy reasoning, and after none."""
    from guerdon.data.read import read_samples

    data = list(
        read_samples("HuggingFaceH4/MATH-500", columns={"prompt": "problem", "reference": "answer"}, split="test")
    )
    engine = build(
        {"use": "engines.local", "model": "meta-llama/Llama-3.2-3B-Instruct", "dtype": "bfloat16", "stop": ["<answer"]},
        Engine,
    )  # type: ignore[type-abstract]
    ask = " Think first, then write <answer>your answer</answer>."
    said = run_sync(engine.generate([Request(messages=sample(s.prompt_text + ask, "").prompt) for s in data]))
    rows: dict[str, list[float]] = {}
    for name, texts in {"reasoning": [f[0].text + "<answer" for f in said], "none": ["<answer"] * len(data)}.items():
        groups = [
            sample(s.prompt_text + ask, t, id=s.id, reference=s.reference) for s, t in zip(data, texts, strict=True)
        ]
        reward = build({"use": "rewards.likelihood.answer", "variant": "avg_logprob", "engine": engine}, Reward)  # type: ignore[type-abstract]
        rows[name] = [j.values[0] for j in run_sync(reward.score(groups)) if j.values[0] is not None]
    return Evidence(
        measured={"log-prob a token after reasoning": round(float(np.mean(rows["reasoning"])), 4)},
        control={"log-prob a token without reasoning": round(float(np.mean(rows["none"])), 4)},
        holds=None,
        note="Base model only: policy training is a policy trainer's.",
    )
