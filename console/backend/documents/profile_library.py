"""The profiles of an installation, shipped and own: listed, shown, and checked on texts."""

from importlib.resources import files
from pathlib import Path

from console.backend.documents import profiles
from console.backend.documents.intake import Source
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import GRACE_S, run_worker
from console.backend.documents.own_profiles import (
    SUFFIX,
    choose_profile,
    misnamed,
    name_fault,
    own_names,
    read_own,
    read_profile_file,
)
from console.backend.documents.profile_check import CheckAnswer, CheckOrder
from console.backend.documents.profile_report import (
    SHIPPED,
    CheckedText,
    Described,
    ListedProfile,
    ProfileCheck,
    ProfileList,
    ProfileText,
)
from console.backend.host.processes import ProgramTimeout
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused, StopCode, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Problem
from console.backend.model.profile_names import AKN_PROFILE, PROFILE_OPTIONS, TEXT_PROFILES

_TOO_LONG = "it was ended, because its patterns take for ever: write no repeat within a repeat, as (a+)+"


def shipped_text(name: str) -> str:
    """Return the TOML of a profile that is shipped."""
    return files(profiles.__name__).joinpath(f"{name}{SUFFIX}").read_text("utf-8")


def show_profile(name: str, folder: Path) -> ProfileText:
    """Return a profile's text, by its name. Raises UsageError or Refused as `choose_profile` does."""
    chosen = choose_profile(name, folder)
    base, _ = profiles.split_name(name)
    if base == AKN_PROFILE:
        message = f"profile {AKN_PROFILE} has no patterns: it takes the structure out of the markup of Akoma Ntoso"
        raise UsageError(StopCode.REFUSED_INPUT, message, "See: cutter-console help profiles and addresses")
    text = chosen.data.decode() if chosen.is_own else shipped_text(base)
    origin = str(folder / f"{base}{SUFFIX}") if chosen.is_own else SHIPPED
    return ProfileText(name=name, origin=origin, sha256=sha256_hex(text.encode()), toml=text)


def list_profiles(folder: Path, limits: Limits) -> ProfileList:
    """Return the shipped profiles, and those of the folder with the fault of each that cannot be used.

    Raises OSError if the folder is there and cannot be listed.
    """
    shipped = (
        ListedProfile(
            name=name,
            origin=SHIPPED,
            sha256=sha256_hex(shipped_text(name).encode()),
            unit_kind=profiles.load_profile(name).unit_kind.value,
            options=PROFILE_OPTIONS.get(name, ()),
        )
        for name in TEXT_PROFILES
    )
    # It has no file: structure and kind of the units are those of the markup.
    markup = ListedProfile(name=AKN_PROFILE, origin=SHIPPED, sha256="", unit_kind="")
    own = (_listed(name, folder, limits) for name in own_names(folder))
    return ProfileList(profiles=(*shipped, markup, *own, *(_misnamed(name, folder) for name in misnamed(folder))))


def _misnamed(name: str, folder: Path) -> ListedProfile:
    origin, fault = str(folder / f"{name}{SUFFIX}"), f"{name_fault(name)}; rename the file, and write its key name so"
    return ListedProfile(name=name, origin=origin, sha256="", unit_kind="", fault=fault)


def _listed(name: str, folder: Path, limits: Limits) -> ListedProfile:
    path = str(folder / f"{name}{SUFFIX}")
    try:
        data = read_own(folder, name)
    except Refused as refused:
        return ListedProfile(name=name, origin=path, sha256="", unit_kind="", fault=refused.message)
    described, _ = _tried(name, data.decode(), None, limits)
    return ListedProfile(
        name=name,
        origin=path,
        sha256=sha256_hex(data),
        unit_kind=described.unit_kind,
        options=described.options,
        fault=described.fault,
    )


def check_profile(named: str, folder: Path, texts: tuple[Source, ...], limits: Limits) -> ProfileCheck:
    """Try a profile, by its name or by the path of its file, on each of the texts.

    Raises UsageError for an unknown name, Refused for a file that cannot be read.
    """
    fault = ""
    if "/" in named or named.endswith(SUFFIX):
        data = read_profile_file(Path(named))
        name = Path(named).name.removesuffix(SUFFIX)
        fault = name_fault(name)
    else:
        shown = show_profile(named, folder)
        name, data = shown.name, shown.toml.encode()
    answers = [_tried(name, data.decode(), source, limits) for source in texts or (None,)]
    checked = tuple(text for _, text in answers if text is not None)
    described = next((answer for answer, _ in answers if answer.fault), answers[0][0])
    described = described.model_copy(update={"fault": described.fault or fault})
    slow = tuple(dict.fromkeys(fault for answer, _ in answers for fault in answer.slow))
    return ProfileCheck(
        name=name,
        sha256=sha256_hex(data),
        profile=described.model_copy(update={"slow": slow}),
        texts=checked,
        unused=_unused(described.levels, checked),
    )


def _unused(levels: tuple[str, ...], texts: tuple[CheckedText, ...]) -> tuple[str, ...]:
    if not any(text.levels for text in texts):
        return ()
    used = {count.level for text in texts for count in text.levels if count.lines or count.units}
    return tuple(level for level in levels if level not in used)


def _tried(name: str, profile: str, source: Source | None, limits: Limits) -> tuple[Described, CheckedText | None]:
    text_name = source.origin.removeprefix("file:") if source else ""
    order = CheckOrder(name=name, profile=profile, text_name=text_name, has_text=source is not None, limits=limits)
    data = canonical_json(order) + b"\n" + (source.raw if source else b"")
    try:
        # Each pattern may take a second besides, and there are at most a few hundred.
        answered = run_worker(
            name, "console.backend.documents.profile_check", data, 10 * limits.profile_seconds + GRACE_S
        )
    except ProgramTimeout:
        problem = Problem(code="PROFILE_TOO_SLOW", line=0, message=f"profile {name}: {_TOO_LONG}")
        text = CheckedText(name=text_name, outcome=Outcome.FAIL, problems=(problem,)) if source else None
        return Described(fault=_TOO_LONG), text
    answer = CheckAnswer.model_validate_json(answered)
    return answer.described, answer.text
