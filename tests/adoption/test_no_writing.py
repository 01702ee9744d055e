"""Where an organisation's tables have this console's names, no command writes, and the printed script ties nothing."""

from tests.adoption.conftest import Adopted
from tests.support.fingerprint import fingerprint

RUN = "ictr-20260301T120000Z-00000000"
WRITING = (
    ("run", "start", "file:law.md", "--docprefix", "ACME-LAW", "--live"),
    ("arm", RUN, "--confirm", RUN),
    ("run", "resume", RUN),
    ("verify", RUN),
    ("enact", RUN, "--confirm", RUN),
    ("revert", RUN, "--confirm", RUN),
)


def test_a_command_that_writes_is_refused_with_a_code_and_changes_nothing(adopted: Adopted) -> None:
    adopted.command("adopt", "inspect", "--out", str(adopted.installation.site_mapping))
    (adopted.installation.intake / "law.md").write_text("# One\n\nText.\n")
    before = fingerprint(adopted.database)

    for words in WRITING:
        status, _, said = adopted.command(*words)

        assert status in {4, 5, 7}, (words, said)
        assert "STOP_" in said, words
        assert "Traceback" not in said, words
        assert fingerprint(adopted.database) == before, words


def test_migrate_is_refused_and_changes_nothing_until_a_mapping_says_where_the_console_s_tables_are_to_stand(
    adopted: Adopted,
) -> None:
    before = fingerprint(adopted.database)

    status, _, said = adopted.command("migrate")

    assert status == 4, said
    assert "existing tables do not fit" in said
    assert "adopt inspect" in said
    assert fingerprint(adopted.database) == before


def test_the_script_ties_nothing_there(adopted: Adopted) -> None:
    adopted.command("adopt", "inspect", "--out", str(adopted.installation.site_mapping))

    status, script, _ = adopted.command("adopt", "apply")

    assert status == 0
    assert "site_mapping" in script
    assert "TRIGGER" not in script
