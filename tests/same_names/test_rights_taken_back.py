"""A mapping that shrinks takes the rights back that the script had given for it, and no other."""

import pytest

from console.backend.host.durable import replace_file
from console.backend.model.site_mapping import SiteMapping, mapping_toml
from console.backend.runs.site_inspection import preparing_script
from tests.same_names.conftest import Beside
from tests.support.passage import Passage

_ACL = """
    -- An owner has what he has, written down or not.
    SELECT c.oid::regclass::text, '', r.rolname, x.privilege_type FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
      JOIN pg_roles r ON r.oid = x.grantee AND r.oid <> c.relowner WHERE c.relnamespace::regnamespace::text IN ('public', 'cutter_governance', 'more')
    UNION ALL
    SELECT a.attrelid::regclass::text, a.attname, r.rolname, x.privilege_type FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
      JOIN pg_roles r ON r.oid = x.grantee
    UNION ALL
    SELECT p.oid::regprocedure::text, '', r.rolname, x.privilege_type FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) x
      JOIN pg_roles r ON r.oid = x.grantee AND r.oid <> p.proowner WHERE p.pronamespace::regnamespace::text IN ('public', 'cutter_governance')
    UNION ALL
    SELECT n.nspname, '', r.rolname, x.privilege_type FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x
      JOIN pg_roles r ON r.oid = x.grantee AND r.oid <> n.nspowner WHERE n.nspname IN ('public', 'cutter_governance', 'more')
     ORDER BY 1, 2, 3, 4
"""


def _rights(passage: Passage) -> set[tuple[object, ...]]:
    return set(passage.rows(_ACL))


def _applied(passage: Passage, mapping: SiteMapping) -> set[tuple[object, ...]]:
    """Run the script of this mapping as the administrator, and return every right that there is then."""
    replace_file(passage.installation.site_mapping, mapping_toml(mapping).encode())
    script = preparing_script(passage.installation)
    with passage.connect() as connection:
        connection.execute(script.encode())
    return _rights(passage)


def _printed(passage: Passage, mapping: SiteMapping) -> list[str]:
    """Run the script of this mapping as the administrator, and return every message that it comes back with."""
    replace_file(passage.installation.site_mapping, mapping_toml(mapping).encode())
    script, messages = preparing_script(passage.installation), list[str]()
    with passage.connect() as connection:
        connection.add_notice_handler(lambda message: messages.append(f"{message.severity}: {message.message_primary}"))
        connection.execute(script.encode())
    return messages


def _smaller(mapping: SiteMapping) -> SiteMapping:
    """Return the mapping without the backlog, without the alias that it counts, and with another function that enacts."""
    assert mapping.governance is not None
    governance = mapping.governance.model_copy(update={"entry": None, "entry_step": None})
    ledger = tuple(table for table in mapping.ledger if "decision_backlog" not in table and "more." not in table)
    enact = mapping.functions.enact.replace("public.fn_iu_enact", "public.fn_iu_enact_again")
    functions = mapping.functions.model_copy(update={"enact": enact})
    return mapping.model_copy(update={"governance": governance, "ledger": ledger, "functions": functions})


@pytest.fixture
def before(beside: Beside) -> Passage:
    """A database with one more table and one more function of the organisation's, to which nothing is tied yet."""
    passage = beside.stages.at("fresh")
    passage.execute(
        "CREATE SCHEMA more AUTHORIZATION directus; CREATE TABLE more.notes (note text); ALTER TABLE more.notes OWNER TO directus;"
        " DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('public.fn_iu_enact'::regproc), 'fn_iu_enact(', 'fn_iu_enact_again('); END $do$;"
        " ALTER FUNCTION public.fn_iu_enact_again OWNER TO directus; REVOKE EXECUTE ON FUNCTION public.fn_iu_enact_again FROM PUBLIC"
    )
    return passage


def test_a_smaller_mapping_leaves_the_rights_that_it_would_have_given_alone(beside: Beside, before: Passage) -> None:
    whole = beside.mapping.model_copy(update={"ledger": (*beside.mapping.ledger, "more.notes")})
    less = _smaller(whole)
    at_first = _rights(before)
    by_less = _applied(before, less)
    by_whole = _applied(before, whole)
    assert by_whole > at_first
    assert {right[0] for right in by_whole - by_less} >= {
        "more.notes",
        "more",
        "cutter_governance.decision_backlog_history",
    }

    assert _applied(before, less) == by_less
    assert _applied(before, less) == by_less, "once more, it does nothing"
    assert _applied(before, whole) == by_whole

    assert by_less >= at_first, "nothing of the organisation's own"


def test_a_right_that_somebody_else_had_given_is_never_taken_back(beside: Beside, before: Passage) -> None:
    """Before the script, or on another object of the name since; and one of a role that is not the console's."""
    whole = beside.mapping.model_copy(update={"ledger": (*beside.mapping.ledger, "more.notes")})
    theirs = (
        "GRANT USAGE ON SCHEMA more TO cutter_site_reader; GRANT SELECT ON more.notes TO cutter_site_reader;"
        " GRANT SELECT ON more.notes TO workflow_admin; GRANT INSERT ON cutter_governance.decision_backlog_history TO cutter_site;"
        " GRANT SELECT (subject) ON cutter_governance.decision_backlog_entry TO cutter_site"
    )
    _applied(before, _smaller(whole))
    before.execute(theirs)
    given = _rights(before)
    _applied(before, whole)
    before.execute(
        "ALTER TABLE cutter_governance.decision_backlog_history RENAME TO kept;"
        " CREATE TABLE cutter_governance.decision_backlog_history (LIKE cutter_governance.kept INCLUDING ALL);"
        " GRANT SELECT ON cutter_governance.decision_backlog_history TO cutter_site"
    )

    now = _applied(before, _smaller(whole))

    assert {right for right in given if right[0] in {"more", "more.notes"}} == {
        right for right in now if right[0] in {"more", "more.notes"}
    }
    assert ("cutter_governance.decision_backlog_entry", "subject", "cutter_site", "SELECT") in now
    assert ("cutter_governance.decision_backlog_entry", "", "cutter_site", "SELECT") not in now
    assert ("cutter_governance.decision_backlog_history", "", "cutter_site", "SELECT") in now
    assert ("cutter_governance.kept", "", "cutter_site", "INSERT") in now


def test_the_script_prints_what_it_takes_back_and_nothing_else(before: Passage, beside: Beside) -> None:
    """Whoever reads what came back looks for what is new: what stands there already is not."""
    assert _printed(before, beside.mapping) == []
    assert _printed(before, beside.mapping) == []
    taken = _printed(before, _smaller(beside.mapping))
    assert taken
    assert {message.partition(" on ")[0] for message in taken} <= {
        f"INFO: taken back: {privilege}" for privilege in ("SELECT", "INSERT", "EXECUTE")
    }
    assert _printed(before, _smaller(beside.mapping)) == []
