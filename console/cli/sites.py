"""adopt inspect|check|apply|remove: a database that was there before. What is proposed is printed or kept on this host, never run there."""

from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Check, Outcome, worst_known
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.site_mapping import mapping_toml
from console.backend.model.value import Value
from console.backend.runs.site_check import prove_mapping
from console.backend.runs.site_inspection import SiteInspection, inspect_site, preparing_script, removing_script
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.operations import Nothing
from console.cli.output import as_typed, narrate, report
from console.cli.plans import keep_new_file
from console.cli.printing import emit
from console.cli.site_requests import InspectSite


class Inspection(SiteInspection):
    """A proposal, and where it was written; `path` is empty if it was only printed."""

    toml: str
    path: SafeText


class Proofs(Value):
    """The proofs of a mapping, in order."""

    checks: tuple[Check, ...]


class Script(Value):
    """SQL for an administrator; nothing of it was run."""

    script: str


def inspect(options: Options, request: InspectSite) -> ExitStatus:
    """Propose the site mapping as TOML, and list what it cannot map; INCONCLUSIVE if none can be proposed."""
    seen = inspect_site(installation_of(options))
    toml = mapping_toml(seen.mapping) if seen.mapping is not None else ""
    if toml and request.out is not None:
        # The guide names the same file twice, and nothing has changed in between.
        keep_new_file(request.out, toml.encode(), or_same=True)
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


def check(options: Options, _request: Nothing) -> ExitStatus:
    """Prove the mapping by rolled-back writes, and print each proof with its outcome."""
    checks = prove_mapping(installation_of(options))
    lines = []
    for proof in checks:
        lines.append(f"{proof.outcome:<13} {proof.name}: {proof.detail}")
        if proof.next_action:
            lines.append(f"              next: {as_typed(options, proof.next_action)}")
    outcome = worst_known([proof.outcome for proof in checks])
    return report(options, "adopt check", outcome, lines, Proofs(checks=checks))


def apply(options: Options, _request: Nothing) -> ExitStatus:
    """Print the script for the administrator; nothing of it is run."""
    return _printed(options, "adopt apply", preparing_script(installation_of(options)))


def remove(options: Options, _request: Nothing) -> ExitStatus:
    """Print the script that takes the console away again; nothing of it is run."""
    return _printed(options, "adopt remove", removing_script(installation_of(options)))


def _printed(options: Options, command: str, script: str) -> ExitStatus:
    if options.json:
        return report(options, command, Outcome.PASS, (), Script(script=script))
    emit("".join(f"{safe_text(line)}\n" for line in script.removesuffix("\n").split("\n")))
    narrate("nothing was run: read it, then give it to an administrator of the database")
    return ExitStatus.DONE
