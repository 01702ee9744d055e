"""The arguments of `document export`, which depend on each other; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.backend.model.profile_names import DEFAULT_PROFILE
from console.cli.arguments import Checked, Options, option, positional, switch


@dataclass(frozen=True, slots=True)
class ExportDocument(Checked):
    """Export a document: a file as it is planned, or what the database has of it."""

    docprefix: str = field(metadata=option("P", "upper-case prefix of the addresses"))
    file: str = field(
        default="",
        metadata=positional("FILE", "the document: Markdown, text or XML; none: as the database has it", is_file=True),
    )
    format: str = field(default="akn", metadata=option("", "what is written", choices=("akn", "md", "json")))
    profile: str = field(
        default=DEFAULT_PROFILE,
        metadata=option("PROFILE", "how the document is structured; with FILE only"),
    )
    ordinals: bool = field(default=False, metadata=switch("number repeated headings; with FILE only"))
    accept: Path | None = field(
        default=None, metadata=option("ACCEPT", "findings that are accepted: TOML; with FILE only", is_file=True)
    )
    drafts: bool = field(default=False, metadata=switch("export drafts of the database too, marked as such"))
    as_of: str = field(
        default="",
        metadata=option("DATE", "of the database: as of the end of this day in UTC, or of a time; else: now"),
    )
    country: str = field(default="", metadata=option("CC", "for akn: the country, ISO 3166-1, such as de or de-by"))
    language: str = field(
        default="", metadata=option("LLL", "for akn: the language, ISO 639-2, such as deu; und: not known")
    )
    date: str = field(default="", metadata=option("DATE", "for akn: the document's date, YYYY-MM-DD"))
    number: str = field(
        default="", metadata=option("N", "for akn: the document's number; else it is named by its prefix")
    )
    author: str = field(default="", metadata=option("NAME", "for akn: who issued the document; else: not stated"))
    out: Path | None = field(
        default=None, metadata=option("NEW", "write a new file instead of standard output", is_file=True)
    )

    def usage_problem(self, options: Options) -> str:
        """Return why these arguments do not belong together, or an empty text."""
        missing = [f"--{name}" for name in ("country", "language", "date") if not getattr(self, name)]
        of_akn = any((self.country, self.language, self.date, self.number, self.author))
        of_file = self.ordinals or self.accept is not None or self.profile != DEFAULT_PROFILE
        conflicts = (
            (
                self.format == "akn" and bool(missing),
                f"--format akn also needs {', '.join(missing)}: no text states them",
            ),
            (
                self.format != "akn" and of_akn,
                "--country, --language, --date, --number and --author belong to --format akn",
            ),
            (not self.file and of_file, "--profile, --ordinals and --accept belong to FILE"),
            (bool(self.file) and self.drafts, "--drafts belongs to the database: a file has no drafts"),
            (bool(self.file and self.as_of), "--as-of belongs to the database: a file is of no moment"),
            (bool(self.as_of) and self.drafts, "--as-of is about what was law: leave --drafts out"),
            (
                options.json and self.out is None,
                "--json needs --out NEW: standard output holds the document or the object",
            ),
        )
        return next((message for is_wrong, message in conflicts if is_wrong), "")
