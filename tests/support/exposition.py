"""A strict reader of Prometheus's text format: whatever the format does not allow is an error."""

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({_NAME}) ((?:[^\\\n]|\\\\|\\n)*)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


@dataclass
class Family:
    """One metric: help, type, and its samples by labels."""

    help: str
    type: str = ""
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)


def read_exposition(text: str) -> dict[str, Family]:
    """Return the metrics. Raises AssertionError for anything that is not the format."""
    assert text.endswith("\n"), "the last line has no end"
    families: dict[str, Family] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            current = _described(families, line, current)
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample is not None, f"no sample: {line}"
        name, labels, value, timestamp = sample.groups()
        assert name == current, f"a sample of {name} below the head of {current}"
        assert families[name].type, f"{name} has no TYPE before its samples"
        assert timestamp is None, "a timestamp, which a file collector refuses"
        key = _labels(labels or "")
        assert key not in families[name].samples, f"twice: {line}"
        families[name].samples[key] = float(value)
    assert [name for name, family in families.items() if not family.samples] == []
    return families


def _described(families: dict[str, Family], line: str, current: str) -> str:
    if (helped := _HELP.fullmatch(line)) is not None:
        assert helped[1] not in families, f"two heads of {helped[1]}"
        families[helped[1]] = Family(helped[2])
        return helped[1]
    typed = _TYPE.fullmatch(line)
    assert typed is not None, f"no HELP and no TYPE: {line}"
    assert typed[1] == current, f"the TYPE of {typed[1]} below the HELP of {current}"
    assert not families[current].samples
    families[current].type = typed[2]
    return current


def _labels(text: str) -> tuple[tuple[str, str], ...]:
    labels: dict[str, str] = {}
    place = 0
    while place < len(text):
        label = _LABEL.match(text, place)
        assert label is not None, f"no label: {text[place:]}"
        assert label[1] not in labels, f"a label twice: {label[1]}"
        labels[label[1]] = re.sub(r"\\[\\\"n]", lambda escape: _ESCAPES[escape.group()], label[2])
        place = label.end()
    return tuple(labels.items())
