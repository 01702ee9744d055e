"""adopt inspect: a database that was there before; what is proposed is printed or written on this host, never there."""

from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import mapping_toml
from console.backend.runs.site_inspection import SiteInspection, inspect_site
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.output import as_typed, narrate, report
from console.cli.plans import keep_new_file
from console.cli.site_requests import InspectSite


class Inspection(SiteInspection):
    """A proposal, and where it was written; `path` is empty if it was only printed."""

    toml: str
    path: SafeText


def inspect(options: Options, request: InspectSite) -> ExitStatus:
    """Propose the site mapping as TOML, and list what it cannot map; INCONCLUSIVE if none can be proposed."""
    seen = inspect_site(installation_of(options))
    toml = mapping_toml(seen.mapping) if seen.mapping is not None else ""
    if toml and request.out is not None:
        keep_new_file(request.out, toml.encode())
    path = str(request.out) if toml and request.out is not None else ""
    outcome = Outcome.INCONCLUSIVE if seen.mapping is None else Outcome.PARTIAL if seen.unmapped else Outcome.PASS
    answer = Inspection(**{**dict(seen), "toml": toml, "path": path})
    lines = [f"written to {path}"] if path else toml.removesuffix("\n").split("\n") if toml else []
    exit_status = report(options, "adopt inspect", outcome, lines, answer)
    if not options.json:
        narrate(
            f"{seen.database} as {seen.role}: {counted(len(seen.unmapped), 'thing')} without a place in the mapping"
        )
        for missing in seen.unmapped:
            narrate(as_typed(options, f"not mapped: {missing.subject}: {missing.reason}; next: {missing.next_action}"))
    return exit_status
