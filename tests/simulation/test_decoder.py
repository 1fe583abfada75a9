"""`guerdon.simulation.decoder`: a backbone that loads, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import torch

from guerdon.core.types import answer, user
from guerdon.models.backbone import Backbone
from guerdon.simulation.decoder import small_decoder


def test_it_is_a_backbone_that_repeats_by_seed(tmp_path: Path) -> None:
    texts = ["I walk north", "We go east"]
    first, same, other = (
        Backbone(str(small_decoder(tmp_path / name, texts, seed=seed, width=32, vocabulary=300))).load("cpu")
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert not first.encoder and first.packing == "shared" and first.hidden_size == 32 and first.layers == 2
    rows = [b.model.get_input_embeddings().weight for b in (first, same, other)]
    assert torch.equal(rows[0], rows[1]) and not torch.equal(rows[0], rows[2])
    assert first.template.encode(user("Who?"), answer("I walk north")).start > 0
