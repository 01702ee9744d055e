"""A likeness of another hand, mapped by hand: what its names and its objects are like keeps nothing from being written, or is named before."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.host.durable import replace_file
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.site_mapping import SiteMapping, mapping_toml, parse_mapping
from console.backend.model.states import Mode, Stage
from console.backend.postgres.migrations import migrate
from console.backend.runs.site_check import prove_mapping
from console.backend.runs.site_inspection import preparing_script
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import MONITOR, Beside
from tests.support.passage import REQUEST, UNITS, Passage, Stages, copy_database, silent, stages

_SUPPORT = Path(__file__).parents[1] / "support"
_MAPPING = (_SUPPORT / "strange_mapping.toml").read_text(encoding="utf-8")
_SCHEMA = '"Thư viện ""A"" (1)"'
_GOVERNED = '"Quản ""trị"" %%s"'
"""Values could be filled into a statement with this name: its percent sign is doubled."""
_TABLES = ("Đơn vị", "Bản %s", "Nhật ký")
_ARGUMENTS = (
    "p_address text, p_title text, p_body text, p_actor text, p_unit_kind text, p_section_type text, p_parent bigint"
)
_RUN = "LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$"


@pytest.fixture(scope="module")
def strange(beside: Beside) -> Iterator[Stages]:
    """The stages of a passage beside this likeness; the mapping is not tied yet."""
    copy_database(beside.cluster, "template0", "strange")
    database = Database(beside.cluster, "strange")
    with database.connect() as connection:
        connection.execute((_SUPPORT / "strange_database.sql").read_bytes())
    migrate(database.conninfo(), names=_mapping().console)
    with stages(beside.cluster, "strange", MONITOR) as walked:
        yield walked


def _mapping(of: str = "", becomes: str = "") -> SiteMapping:
    text = _MAPPING.replace(of, becomes) if of else _MAPPING
    assert (text != _MAPPING) is bool(of)
    return parse_mapping("site-mapping.toml", text.encode())


def _theirs(passage: Passage) -> list[int]:
    """The organisation's rows by table. Values could be filled into such a statement: a percent sign is doubled."""
    names = (f'{_SCHEMA}."{table}"'.replace("%", "%%") for table in _TABLES)
    return [int(str(passage.rows(f"SELECT count(*) FROM {name}")[0][0])) for name in names]


def _dumped(passage: Passage) -> str:
    """The organisation's schema as pg_dump prints it, without the rights that the console's roles were given."""
    program = str(passage.cluster.programs.program("pg_dump"))
    command = [program, "--schema-only", "--no-privileges", f"--schema={_SCHEMA}"]
    conninfo = passage.installation.settings.database.administrator
    dump = subprocess.run([*command, f"--dbname={conninfo}"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in dump.split("\n") if not line.startswith(("\\restrict", "\\unrestrict")))


def test_names_and_objects_of_any_kind_are_written_and_read(strange: Stages) -> None:
    passage = strange.at("fresh")
    before, dumped = _theirs(passage), _dumped(passage)
    passage = tie(passage, _mapping())
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
    passage.sign()
    passage.arm()
    passage.resume()

    assert all(check.outcome is Outcome.PASS for check in passage.backend.verify(passage.run_id))
    passage.sign()
    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
    assert _theirs(passage) == [before[0] + UNITS, before[1] + UNITS, before[2] + UNITS]
    governed = ("Phong bì", "Khối", "Bộ", "Dòng", "Kết quả", "Chữ ký")
    rows = [passage.rows(f'SELECT count(*) FROM {_GOVERNED}."{table}"')[0][0] for table in governed]
    assert rows == [1, UNITS, 1, UNITS, 2, 3]
    assert _dumped(passage) == dumped


def test_what_a_run_does_is_proven_though_the_executor_may_execute_nothing_there(strange: Stages) -> None:
    """As the guide has it: there was no proof of a mapping that followed it."""
    passage = tie(strange.at("fresh"), _mapping())

    proof = next(check for check in prove_mapping(passage.installation) if check.name == "create, as a run does")

    assert proof.outcome is Outcome.PASS, proof
    passage.execute(f'ALTER TABLE {_SCHEMA}."Bản %s" ADD CHECK ("Tiêu đề" <> $$Probe$$) NOT VALID'.replace("%", "%%"))
    proof = next(check for check in prove_mapping(passage.installation) if check.name == "create, as a run does")
    assert proof.outcome is Outcome.FAIL
    assert "23514" in proof.detail


def test_a_percent_sign_in_a_name_is_no_place_for_a_value(strange: Stages) -> None:
    passage = tie(strange.at("fresh"), _mapping())
    passage.execute(f"GRANT USAGE ON SCHEMA {_SCHEMA} TO cutter_exec")
    passage.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {_SCHEMA} TO cutter_exec")

    proofs = {check.name: check for check in prove_mapping(passage.installation)}

    assert {name: proof.detail for name, proof in proofs.items() if proof.outcome is not Outcome.PASS} == {}
    assert {"read back", "create again", "enact", "rows of an enactment"} <= proofs.keys()


_MADE = {
    "a procedure": (
        f"CREATE PROCEDURE {_SCHEMA}.made({_ARGUMENTS}) {_RUN}",
        ", ".join(f"IN {argument}" for argument in _ARGUMENTS.split(", ")),
        "is no function but a procedure",
    ),
    "a variadic function": (
        f"CREATE FUNCTION {_SCHEMA}.made({_ARGUMENTS}, VARIADIC p_tags text[] DEFAULT '{{}}') RETURNS text {_RUN.replace('1', 'null')}",
        f"{_ARGUMENTS}, VARIADIC p_tags text[]",
        "is VARIADIC",
    ),
    "a function that answers nothing": (
        f"CREATE FUNCTION {_SCHEMA}.made({_ARGUMENTS}) RETURNS void {_RUN}",
        _ARGUMENTS,
        "returns nothing",
    ),
    "a function with no rights of its owner": (
        f"CREATE FUNCTION {_SCHEMA}.made({_ARGUMENTS}) RETURNS text {_RUN.replace('SECURITY DEFINER', '').replace('1', 'null')}",
        _ARGUMENTS,
        "is not SECURITY DEFINER",
    ),
}


@pytest.mark.parametrize("kind", _MADE)
def test_a_function_that_is_never_called_is_named_before_the_script_is_printed(strange: Stages, kind: str) -> None:
    made, arguments, said = _MADE[kind]
    passage = strange.at("fresh")
    passage.execute(made)
    create = next(line for line in _MAPPING.split("\n") if line.startswith("create = "))
    signature = f"{_SCHEMA}.made({arguments})".replace('"', '\\"')
    mapping = _mapping(create, f'create = "{signature}"')
    replace_file(passage.installation.site_mapping, mapping_toml(mapping).encode())

    with pytest.raises(Refused, match=said):
        preparing_script(passage.installation)

    proofs = {check.name: check for check in prove_mapping(passage.installation)}
    assert proofs["function that creates"].outcome is Outcome.FAIL
    assert said in proofs["function that creates"].detail


def test_a_view_in_the_place_of_a_table_is_named_with_the_table_that_it_reads(strange: Stages) -> None:
    passage = strange.at("fresh")
    passage.execute(f'CREATE VIEW {_SCHEMA}.information_unit AS SELECT * FROM {_SCHEMA}."Đơn vị"')
    passage.execute(f"GRANT SELECT ON {_SCHEMA}.information_unit TO cutter_ro")
    mapping = _mapping('(1).Đơn vị"', '(1).information_unit"')
    replace_file(passage.installation.site_mapping, mapping_toml(mapping).encode())

    with pytest.raises(Refused, match=r"information_unit is no plain table.*it is a view, which reads .*Đơn vị"):
        preparing_script(passage.installation)

    proof = next(check for check in prove_mapping(passage.installation) if check.name == "tables can be written")
    assert proof.outcome is Outcome.FAIL
    assert "map the table that it reads" in proof.next_action


def test_a_run_that_is_started_before_the_mapping_is_tied_is_told_to_tie_it(strange: Stages) -> None:
    """The executor may read nothing there before the script was run: that was named, as a grant that is missing."""
    passage = strange.at("fresh")
    replace_file(passage.installation.site_mapping, mapping_toml(_mapping()).encode())

    with pytest.raises(Refused, match="site mapping: written by none") as refused:
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)

    assert "cutter-console adopt apply" in refused.value.next_action
