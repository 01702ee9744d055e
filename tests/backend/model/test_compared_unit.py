"""The base of an amendment is one digest over the units in force, which the database computes too."""

import hashlib

from console.backend.model.compared_unit import ComparedUnit, base_digest
from console.backend.model.merkle import merkle_root

SCOPE = ComparedUnit("ACME-LAW/PAR-1", None, "law_unit", "article", "1", "Scope", "## § 1 Scope\n", 3)
FIRST = SCOPE._replace(address="ACME-LAW/PAR-1/ABS-1", parent="ACME-LAW/PAR-1")


def test_a_line_of_the_base_has_the_fields_of_a_draft_s_line() -> None:
    body = hashlib.sha256(b"## \xc2\xa7 1 Scope\n").hexdigest()
    assert SCOPE.signed_line == f"ACME-LAW/PAR-1\t\tlaw_unit\tarticle\t1\tScope\t{body}"


def test_the_base_is_the_merkle_root_of_its_lines_by_address() -> None:
    root = merkle_root((SCOPE.signed_line, FIRST.signed_line))
    assert base_digest((SCOPE, FIRST)) == base_digest((FIRST, SCOPE)) == root


def test_the_base_does_not_depend_on_the_line_of_a_file() -> None:
    assert base_digest((SCOPE._replace(line=9),)) == base_digest((SCOPE,))
