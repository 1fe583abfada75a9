"""The lenient variants of a response."""

from __future__ import annotations


def variants(text: str) -> tuple[str, ...]:
    """The eight published variants, equal ones once, the response itself first.

    With or without its first line, with or without its last line, each with or without its asterisks: an introduction, a
    closing remark or Markdown emphasis then fails no instruction. Empty ones are left out (IFEval, arXiv 2311.07911).
    """
    lines = text.split("\n")
    cuts = (text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])))
    both = (*cuts, *(c.replace("*", "") for c in cuts))
    return tuple(dict.fromkeys(v for v in both if v.strip()))
