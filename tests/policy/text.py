"""Text of policies: wildcards, variables, ARNs. Part of the reference, see `reference.py`.

A pattern is a list of (character, literal) pairs. A character of the policy's own text is not literal: a `*`, `?` or `:`
there has its meaning. A character that a variable brought in is literal: it stands for itself, whatever it is.
"""

import re

VARIABLE = re.compile(r"\$\{([^{}]*)\}")
WITH_DEFAULT = re.compile(r"^\s*([^,]+?)\s*,\s*'([^']*)'\s*$")


class Context:
    """The condition keys of a request. Names do not differ by case; an absent key is None."""

    def __init__(self, pairs):
        self.pairs = {name.lower(): value for name, value in pairs.items() if value is not None}

    def get(self, name):
        return self.pairs.get(name.lower())

    def fill(self, name, value):
        """Sets what the request does not say itself."""
        self.pairs.setdefault(name.lower(), value)


def own(text):
    return [(character, False) for character in text]


def literal(text):
    return [(character, True) for character in text]


def variable(inside, context):
    """What `${inside}` stands for: literal characters, or None when it has no value and no default."""
    if inside in ("*", "?", "$"):
        return literal(inside)
    match = WITH_DEFAULT.match(inside)
    name, default = match.groups() if match else (inside, None)
    value = context.get(name)
    if isinstance(value, str):
        return literal(value)
    # Marked uncertain nowhere, but said nowhere either: a key with several values has no value as a variable.
    return None if default is None else literal(default)


def expand(text, version, context):
    """The pattern of a policy's text. None: a variable in it has no value, so it is equal to nothing.

    Without `Version`, or with that of 2008, there are no variables: `${` is two characters.
    """
    if version != "2012-10-17":
        return own(text)
    pattern, end = [], 0
    for match in VARIABLE.finditer(text):
        value = variable(match.group(1), context)
        if value is None:
            return None
        pattern += own(text[end : match.start()]) + value
        end = match.end()
    return pattern + own(text[end:])


def plain(pattern):
    return "".join(character for character, _ in pattern)


def glob(pattern, text):
    """Whether a pattern covers a text whole: `*` any run of characters, `?` exactly one."""
    reachable = {0}
    for character, is_literal in pattern:
        if character == "*" and not is_literal:
            reachable = set(range(min(reachable), len(text) + 1)) if reachable else set()
        elif character == "?" and not is_literal:
            reachable = {at + 1 for at in reachable if at < len(text)}
        else:
            reachable = {at + 1 for at in reachable if text[at : at + 1] == character}
    return len(text) in reachable


def segments(pattern):
    """A pattern cut at its first five own colons: a colon that a variable brought in cuts nothing."""
    found = [[]]
    for character, is_literal in pattern:
        if character == ":" and not is_literal and len(found) < 6:
            found.append([])
        else:
            found[-1].append((character, is_literal))
    return found


def arn_covers(pattern, arn):
    """Whether an ARN pattern covers an ARN: six segments, each by itself.

    Stricter reading: a pattern of fewer segments (also a bare `*`) covers no ARN.
    """
    patterns, texts = segments(pattern), arn.split(":", 5)
    return len(patterns) == len(texts) == 6 and all(map(glob, patterns, texts))


def covers_everything(pattern):
    return bool(pattern) and all(pair == ("*", False) for pair in pattern)


def scalar(value):
    """The text of a policy's scalar: booleans and numbers as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def as_list(value):
    return value if isinstance(value, list) else [value]
