"""profile list|show|check: the profiles that can be chosen, and what one of them does on texts; needs no database."""

from collections.abc import Iterator
from pathlib import Path

from console.backend.documents import intake
from console.backend.documents.limits import Limits, limits_of
from console.backend.documents.profile_library import check_profile, list_profiles, show_profile
from console.backend.documents.profile_report import CheckedText, ListedProfile, ProfileCheck
from console.backend.documents.refusals import place_of
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.redaction import hide_known
from console.backend.model.safe_text import safe_text
from console.cli.arguments import Options
from console.cli.operations import Nothing
from console.cli.output import report
from console.cli.printing import emit
from console.cli.profile_requests import CheckProfile, OneProfile
from console.cli.settings import root_of, settings_of


def _folder(options: Options) -> tuple[Path, Limits]:
    """Return the folder of own profiles, and the limits of this installation."""
    root = root_of(options)
    settings = settings_of(options, root)
    return settings.under(root, settings.profiles), limits_of(settings)


def list_all(options: Options, _request: Nothing) -> ExitStatus:
    """List the shipped profiles and the operator's own."""
    folder, limits = _folder(options)
    try:
        listed = list_profiles(folder, limits)
    except OSError as error:
        raise Refused(
            StopCode.REFUSED_INPUT, f"{folder} cannot be listed: {error.strerror}", f"See: ls -ld {folder}"
        ) from error
    return report(options, "profile list", Outcome.PASS, map(_listed_line, listed.profiles), listed)


def _listed_line(profile: ListedProfile) -> str:
    if profile.fault:
        return f"{profile.name:<16}  {profile.origin}  CANNOT BE USED: {profile.fault}"
    options = f"  options {', '.join(f'+{option}' for option in profile.options)}" if profile.options else ""
    digest = f"  sha256 {profile.sha256}" if profile.sha256 else ""
    return f"{profile.name:<16}  {profile.unit_kind or 'as marked up':<13}  {profile.origin}{digest}{options}"


def show(options: Options, request: OneProfile) -> ExitStatus:
    """Print a profile's TOML."""
    folder, _ = _folder(options)
    shown = show_profile(request.profile, folder)
    if options.json:
        return report(options, "profile show", Outcome.PASS, (), shown)
    # Not through `report`, which takes `token = "…"` for a secret: these lines are copied into a file.
    emit("".join(f"{_inert(line)}\n" for line in hide_known(shown.toml).removesuffix("\n").split("\n")))
    return ExitStatus.DONE


def _inert(line: str) -> str:
    """Return a line of a file that is copied: its tabs stay."""
    return "\t".join(map(safe_text, line.split("\t")))


def check(options: Options, request: CheckProfile) -> ExitStatus:
    """Validate a profile and plan texts by it."""
    folder, limits = _folder(options)
    texts = tuple(intake.read_source(path, folder=path.parent, limits=limits) for path in request.on)
    checked = check_profile(request.profile, folder, texts, limits)
    report(options, "profile check", checked.outcome, _check_lines(checked), checked)
    return ExitStatus.DONE if checked.outcome is Outcome.PASS else ExitStatus.REFUSED


def _check_lines(checked: ProfileCheck) -> Iterator[str]:
    profile = checked.profile
    if profile.fault:
        yield f"profile {checked.name} CANNOT BE USED: {profile.fault}"
        return
    yield f"profile {checked.name}: {counted(len(profile.levels), 'level')} of {profile.unit_kind}, sha256 {checked.sha256}"
    for slow in profile.slow:
        yield f"too slow: {slow}"
    for text in checked.texts:
        yield from _text_lines(text)
    for level in checked.unused:
        yield f"never matched: level {level!r} on none of the texts: correct its patterns, or try a text that has it"


def _text_lines(text: CheckedText) -> Iterator[str]:
    yield ""
    if text.outcome is not Outcome.PASS:
        yield f"{text.name}  REFUSED"
        for problem in text.problems:
            yield f"  {place_of(problem)}{problem.code}: {problem.message}"
    if text.coverage is not None:
        lossless = f"{counted(text.coverage.unit_bytes, 'byte')} in units, {text.coverage.other_bytes} outside"
        yield f"{text.name}  PLANNED {counted(text.n_units, 'unit')}, {lossless}"
        reasons = ", ".join(f"{count} {reason}" for reason, count in text.suspects.items())
        yield f"  {counted(sum(text.suspects.values()), 'suspect')}{': ' if reasons else ''}{reasons}"
    for level in text.levels:
        yield f"  level {level.level!r}: {level.lines} lines match, {level.units} units"
    for finding in text.overlaps:
        yield f"  overlap: line {finding.line}: {finding.fault}: {finding.text}"
    for finding in text.unreached:
        yield f"  not tried: line {finding.line}: {finding.fault}: {finding.text}"
    more = text.n_overlaps - len(text.overlaps) + text.n_unreached - len(text.unreached)
    if more:
        yield f"  and {more} more lines that overlap or are not tried"
