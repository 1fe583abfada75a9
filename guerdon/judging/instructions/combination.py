"""Instructions on the whole: two answers, the request repeated first."""

from __future__ import annotations


def two_responses(text: str) -> bool:
    """Two different responses divided by six asterisks; empty stretches are allowed only at the very start or end."""
    parts = [p.strip() for p in text.split("******")]
    if not all(parts[1:-1]):
        return False
    given = [p for p in parts if p]
    return len(given) == 2 and given[0] != given[1]


def repeat_prompt(text: str, *, prompt_to_repeat: str) -> bool:
    """It starts with the request, case and outer white space apart."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())
