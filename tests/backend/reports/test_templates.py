"""A template of the bundle prints nothing but measured evidence and fields of typed reports."""

from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest
from jinja2 import nodes

from console.backend.model.outcome import Evidence
from console.backend.model.value import Value
from console.backend.publication import rendering
from console.backend.publication.pages import DOCUMENTS, Page
from console.backend.publication.rendering import Evidences, Unrendered
from console.backend.reports.bundle.summary import Final

TEMPLATES = Path(rendering.__file__).parent / "templates"
BUNDLE = sorted(path.relative_to(TEMPLATES).as_posix() for path in (TEMPLATES / "bundle").iterdir())
ROOTS: dict[str, object] = {"page": Page, "final": Final}
FUNCTIONS = {"ev", "code", "step"}
PREFIXES = ("BUNDLE.", "BEFORE.", "AFTER.")
Scope = dict[str, object]


def parsed(name: str) -> nodes.Template:
    """The syntax tree of a template."""
    return rendering._environment().parse((TEMPLATES / name).read_text(encoding="utf-8"))


def type_of(node: nodes.Node, scope: Scope) -> object:
    """The declared type of a name or of a field; raises where it is none."""
    if isinstance(node, nodes.Name):
        return scope[node.name]
    assert isinstance(node, nodes.Getattr), node
    owner = type_of(node.node, scope)
    assert isinstance(owner, type), f"{owner} is no type"
    assert issubclass(owner, Value), f"{owner} is no typed report"
    assert node.attr in owner.model_fields, f"{owner.__name__} has no field {node.attr}"
    return get_type_hints(owner)[node.attr]


def unmeasured(node: nodes.Node, scope: Scope) -> list[str]:
    """Every output below the node that is neither evidence nor a field of a typed report."""
    if isinstance(node, nodes.For):
        found = element_of(type_of(node.iter, scope))
        assert isinstance(node.target, nodes.Name)
        inner = {**scope, node.target.name: found}
        return [one for child in (*node.body, *node.else_) for one in unmeasured(child, inner)]
    if isinstance(node, nodes.Output):
        return [one for child in node.nodes for one in printed(child, scope)]
    if isinstance(node, nodes.If):
        return [one for child in (*node.body, *node.elif_, *node.else_) for one in unmeasured(child, scope)]
    assert isinstance(node, nodes.Template | nodes.Include), node
    return [one for child in getattr(node, "body", ()) for one in unmeasured(child, scope)]


def element_of(kind: object) -> object:
    """What a tuple field holds."""
    assert get_origin(kind) is tuple, kind
    return get_args(kind)[0]


def printed(node: nodes.Node, scope: Scope) -> list[str]:
    """Empty where this output is allowed."""
    if isinstance(node, nodes.TemplateData):
        return []
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS:
        (argument,) = node.args
        if node.node.name == "ev" and isinstance(argument, nodes.Const):
            return [] if str(argument.value).startswith(PREFIXES) else [str(argument.value)]
        return printed(argument, scope)
    try:
        kind = type_of(node, scope)
    except (AssertionError, KeyError) as reason:
        return [f"line {node.lineno}: {reason}"]
    holds_more = get_origin(kind) is tuple or (isinstance(kind, type) and issubclass(kind, Value))
    return [f"line {node.lineno}: a whole {kind}"] if holds_more else []


@pytest.mark.parametrize("name", BUNDLE)
def test_a_template_prints_evidence_and_typed_fields_alone(name: str) -> None:
    assert unmeasured(parsed(name), ROOTS) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ host }}",
        "{{ page.host }}",
        "{{ 'all good' }}",
        "{{ page }}",
        "{{ page.title|upper }}",
        "{{ ev('G0.host') }}",
    ],
)
def test_a_template_that_prints_anything_else_is_found(text: str) -> None:
    assert unmeasured(rendering._environment().parse(text), ROOTS)


def test_there_is_a_template_for_each_of_the_ten_documents() -> None:
    assert [f"bundle/{file}.j2" for file, _, _ in DOCUMENTS] == [name for name in BUNDLE if "/_" not in name]


def test_every_template_of_the_bundle_is_rendered_or_included() -> None:
    wanted = {node.template.value for name in BUNDLE for node in parsed(name).find_all(nodes.Include) if isinstance(node.template, nodes.Const)}  # fmt: skip

    assert {name for name in BUNDLE if "/_" in name} == wanted


def test_an_unmeasured_id_fails_the_build() -> None:
    environment = rendering._environment()
    found = Evidences(())

    with pytest.raises(Unrendered, match=r"BEFORE\.weather"):
        environment.from_string("{{ ev('BEFORE.weather') }}").render(ev=found.say)


def test_an_answer_is_printed_with_its_id(now: Evidence) -> None:
    assert Evidences((now,)).say(now.id) == f"{now.answer} [{now.id}]"
