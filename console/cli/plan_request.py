"""The arguments of `plan`, which depend on each other, and those of every command about a file; imports no library.

Part of the table of commands.
"""

from dataclasses import dataclass, field
from pathlib import Path

from console.backend.model.profile_names import DEFAULT_PROFILE
from console.cli.arguments import Checked, Options, option, positional, switch

# No choices: the operator's own profiles are known to the handler alone, which lists both if the name is unknown.
PROFILE = option("PROFILE", "how the document is structured; see: profile list")


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A command about one document of a file."""

    file: str = field(metadata=positional("FILE", "the document: Markdown, text or XML", is_file=True))
    docprefix: str = field(metadata=option("P", "upper-case prefix of the addresses"))
    profile: str = field(default=DEFAULT_PROFILE, metadata=PROFILE)
    ordinals: bool = field(default=False, metadata=switch("number repeated headings instead of refusing them"))
    accept: Path | None = field(
        default=None, metadata=option("ACCEPT", "findings of the enacted text that are accepted: TOML", is_file=True)
    )


@dataclass(frozen=True, slots=True)
class PlanFile(DocumentFile, Checked):
    """Plan a document, or every document below a folder."""

    file: str = field(
        default="", metadata=positional("FILE", "the document: Markdown, text or XML; or give --folder", is_file=True)
    )
    docprefix: str = field(default="", metadata=option("P", "upper-case prefix of the addresses; with FILE only"))
    out: Path | None = field(default=None, metadata=option("PLAN", "keep the plan in a new file", is_file=True))
    propose_acceptances: Path | None = field(
        default=None,
        metadata=option("NEW", "write a new file with an entry for each finding that can be accepted", is_file=True),
    )
    folder: Path | None = field(
        default=None,
        metadata=option(
            "DIR",
            "report on every document below DIR instead; each is planned with a made-up prefix, nothing is kept",
            is_file=True,
        ),
    )
    lines: bool = field(
        default=False, metadata=switch("with --folder: print a JSON object per document, then one with the totals")
    )
    against: str = field(
        default="",
        metadata=option("", "compare the text with what is law, which needs the database", choices=("in-force",)),
    )
    moved: tuple[str, ...] = field(
        default=(),
        metadata=option("OLD=NEW", "with --against: renumberings, each from an address that is gone to a new one"),
    )

    def usage_problem(self, options: Options) -> str:
        """Return why these arguments do not belong together, or an empty text."""
        of_a_file, of_a_folder = bool(self.file), self.folder is not None
        conflicts = (
            (not of_a_file and not of_a_folder, "one of FILE and --folder DIR is required"),
            (of_a_file and of_a_folder, "FILE and --folder DIR exclude each other"),
            (of_a_file and not self.docprefix, "the following arguments are required with FILE: --docprefix"),
            (of_a_file and self.lines, "--lines belongs to --folder DIR"),
            (
                of_a_folder and self.docprefix != "",
                "--docprefix belongs to FILE: with --folder each document gets a made-up prefix",
            ),
            (
                of_a_folder and (self.accept is not None or self.propose_acceptances is not None),
                "--accept and --propose-acceptances belong to FILE",
            ),
            (of_a_folder and self.out is not None, "--out belongs to FILE: with --folder no plan is kept"),
            (of_a_folder and self.against != "", "--against belongs to FILE"),
            (bool(self.moved) and not self.against, "--moved belongs to --against in-force"),
            (
                any(pair.count("=") != 1 or not all(pair.split("=")) for pair in self.moved),
                "--moved takes OLD=NEW: two addresses with one = between them",
            ),
            (self.lines and options.json, "--json prints one object, --lines one per document: give one of them"),
        )
        return next((message for is_wrong, message in conflicts if is_wrong), "")
