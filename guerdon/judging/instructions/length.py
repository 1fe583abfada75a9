"""Instructions on length: words, sentences, paragraphs."""

from __future__ import annotations

from guerdon.judging.instructions.words import compare, count_words, sentences

STOP = frozenset(".,?!'\"")


def number_words(text: str, *, num_words: int, relation: str) -> bool:
    """The number of words."""
    return compare(count_words(text), relation, num_words)


def number_sentences(text: str, *, num_sentences: int, relation: str) -> bool:
    """The number of sentences."""
    return compare(len(sentences(text)), relation, num_sentences)


def number_paragraphs(text: str, *, num_paragraphs: int) -> bool:
    """Exactly so many paragraphs divided by `***`; an empty one is allowed only at the very start or end."""
    parts = text.split("***")
    if any(not p.strip() for p in parts[1:-1]):
        return False
    return sum(1 for p in parts if p.strip()) == num_paragraphs


def nth_paragraph_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """So many paragraphs divided by a blank line, the n-th (from 1) of which starts with the word, case apart.

    As published, empty paragraphs are not counted but keep their place.
    """
    parts = text.split("\n\n")
    count = sum(1 for p in parts if p.strip())
    if count != num_paragraphs or not 1 <= nth_paragraph <= count:
        return False
    words = parts[nth_paragraph - 1].split()
    return bool(words) and leading(words[0]) == first_word.lower()


def leading(word: str) -> str:
    """The word in lower case without opening quotes, cut at the first punctuation mark."""
    bare = word.lstrip("'").lstrip('"')
    end = next((i for i, c in enumerate(bare) if c in STOP), len(bare))
    return bare[:end].lower()
