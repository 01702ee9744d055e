"""The template engine: what it may load, and that what a template says is escaped."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError, pass_context
from jinja2.runtime import Context

from console.backend.model.errors import StopCode
from console.backend.publication.rendering import Trusted, Unrendered


def filled_in(template: str, values: Mapping[str, object]) -> str:
    """Return the text of a template with these values, of which `escape` is what makes a text inert.

    Raises Unrendered if the template names what is not there.
    """
    try:
        return _environment().get_template(template).render(values)
    except UndefinedError as error:
        raise Unrendered(StopCode.INVARIANT_FAILED, f"{template}: {error.message}", "Report this template.") from error


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("console.backend.publication"),
        undefined=StrictUndefined,
        finalize=_final,
        autoescape=False,  # noqa: S701 - Markdown, not HTML: `_final` escapes every value
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@pass_context
def _final(context: Context, value: object) -> str:
    if isinstance(value, Trusted):
        return value
    escaped: str = context["escape"](str(value))
    return escaped
