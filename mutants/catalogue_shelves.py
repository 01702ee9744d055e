"""Protections of backups and reports as they are shown: nothing that was changed looks sound, and nothing outside is read."""

from mutants.mutant import Mutant

_B = "console/backend"
_BACKUPS, _REPORTS, _VERDICTS = (
    f"{_B}/runs/backup_shelf.py",
    f"{_B}/reports/shelf.py",
    f"{_B}/publication/verdicts.py",
)
_MARKDOWN = "console/widgets/markdown_lines.py"
_PUBLISHING = f"{_B}/publication/publishing.py"


def _backups(name: str) -> tuple[str, ...]:
    return (f"tests/backend/runs/test_backup_shelf.py::test_{name}",)


def _reports(name: str) -> tuple[str, ...]:
    return (f"tests/backend/reports/test_shelf.py::test_{name}",)


SHELVES = (
    Mutant(
        "backups: a row of the ledger with another digest is a FAIL",
        _BACKUPS,
        "    is_wrong = backup.problem or any(record is None or not _is_of(proof, record) for proof in proofs)\n",
        "    is_wrong = backup.problem\n",
        _backups("another_digest_in_the_record_or_the_file_is_a_fail_and_arms_nothing"),
    ),
    Mutant(
        "backups: a proof that is too old is not said to arm",
        _BACKUPS,
        "    if until < now:\n",
        "    if False:\n",
        _backups("a_backup_is_told_with_its_run_its_key_and_until_when_it_lets_the_run_be_armed"),
    ),
    Mutant(
        "backups: the backup of a run that is over is not said to arm",
        _BACKUPS,
        "[proof for proof in proofs if proof.run_id in ledger.open_runs]",
        "list(proofs)",
        _backups("a_run_that_is_over_needs_no_backup"),
    ),
    Mutant(
        "backups: without the ledger nothing is said to arm",
        _BACKUPS,
        "    if ledger.unread:\n        reason =",
        "    if False:\n        reason =",
        _backups("without_the_database_the_files_are_told_and_nothing_about_the_ledger_is_claimed"),
    ),
    Mutant(
        "backups: a folder that cannot be read is no empty one",
        f"{_B}/backup/record.py",
        "    except FileNotFoundError:\n        return []\n",
        "    except OSError:\n        return []\n",
        _backups("a_folder_that_cannot_be_read_is_no_empty_one"),
    ),
    Mutant(
        "backups: a time without its zone makes a file no record",
        f"{_B}/backup/record.py",
        "    taken_at: AwareDatetime\n",
        "    taken_at: datetime\n",
        _backups("a_time_without_its_zone_is_no_time_of_a_record"),
    ),
    Mutant(
        "backups: a read-only console restores nothing",
        _BACKUPS,
        "        self._require_writable()\n        return prove_backup",
        "        return prove_backup",
        _backups("a_console_that_only_reads_restores_nothing_and_a_file_that_is_gone_is_told"),
    ),
    Mutant(
        "reports: the report of a batch is that of its name",
        _VERDICTS,
        "        if not sha256_hex(contents).startswith(match[1]):\n",
        "        if False:\n",
        _reports("sums_that_were_made_again_are_not_those_that_the_name_has"),
    ),
    Mutant(
        "reports: a signature by another key than the record names does not count",
        _VERDICTS,
        "    if signature.outcome is Outcome.PASS and signature.primary != signing:\n",
        "    if False:\n",
        _reports("a_signature_counts_if_its_signer_is_the_one_that_the_record_names"),
    ),
    Mutant(
        "reports: a signature that was removed is missed",
        _VERDICTS,
        'is not there" if signing else ""\n',
        'is not there" if False else ""\n',
        _reports("a_signature_counts_if_its_signer_is_the_one_that_the_record_names"),
    ),
    Mutant(
        "reports: a text is called as written only if its own bytes are",
        _REPORTS,
        "    return _AS_LISTED if sha256_hex(data) == listed else",
        "    return _AS_LISTED if listed else",
        _reports("a_text_says_if_its_bytes_are_those_of_the_sums_and_nothing_outside_is_read"),
    ),
    Mutant(
        "reports: no link leads out of a report",
        _REPORTS,
        "== file and not candidate.is_symlink():",
        "== file:",
        _reports("a_text_says_if_its_bytes_are_those_of_the_sums_and_nothing_outside_is_read"),
    ),
    Mutant(
        "reports: a link in the folder is no report",
        _REPORTS,
        "if path.is_dir() and not path.is_symlink()}",
        "if path.is_dir()}",
        _reports("what_is_not_published_is_told_and_a_link_is_no_report"),
    ),
    Mutant(
        "reports: what was changed is not exported",
        _REPORTS,
        "    if verdict.outcome is Outcome.FAIL or not verdict.sums_sha256:\n",
        "    if False:\n",
        _reports("what_is_not_as_it_was_written_is_not_copied_and_nothing_is_left"),
    ),
    Mutant(
        "reports: every byte is compared as it is copied",
        _REPORTS,
        "            if expected and sha256_hex(data) != expected:\n",
        "            if False:\n",
        _reports("a_file_that_is_changed_between_verdict_and_copy_is_not_copied"),
    ),
    Mutant(
        "reports: a read-only console exports nothing",
        _REPORTS,
        "        self._require_writable()\n        return export_report",
        "        return export_report",
        _reports("what_is_not_as_it_was_written_is_not_copied_and_nothing_is_left"),
    ),
    Mutant(
        "reports: rendering hides no word",
        _MARKDOWN,
        "    if any(number > shown[letter] for",
        "    if False and any(number > shown[letter] for",
        ("tests/widgets/test_markdown_lines.py::test_what_markdown_would_hide_is_shown_as_it_was_written",),
    ),
    Mutant(
        "reports: rendered Markdown is inert",
        _MARKDOWN,
        "                spans.append(Span(safe_text(child.content), tones[-1]))\n",
        "                spans.append(Span(child.content, tones[-1]))\n",
        ("tests/widgets/test_markdown_lines.py::test_whatever_is_in_a_text_its_lines_are_inert_and_fit",),
    ),
    Mutant(
        "a report can be written after a kill left a draft of it",
        _PUBLISHING,
        "        if again:\n            remove_leftovers(parent, name)\n",
        "",
        ("tests/backend/reports/test_bundle.py::test_a_report_can_be_written_after_a_kill_in_the_middle_of_it",),
    ),
)
