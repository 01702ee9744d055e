"""The base of an amendment is one digest over the units in force, which the database computes too."""

import hashlib

from console.backend.model.amendment import ComparedUnit, base_digest, base_line
from console.backend.model.merkle import merkle_root

SCOPE = ComparedUnit("ACME-LAW/PAR-1", None, "law_unit", "article", "1", "Scope", "## § 1 Scope\n", 3)


def test_a_line_of_the_base_has_the_fields_of_a_draft_s_line() -> None:
    body = hashlib.sha256(b"## \xc2\xa7 1 Scope\n").hexdigest()
    assert base_line(SCOPE) == f"ACME-LAW/PAR-1\t\tlaw_unit\tarticle\t1\tScope\t{body}"


def test_the_base_is_the_merkle_root_of_its_lines_in_order() -> None:
    two = SCOPE._replace(address="ACME-LAW/PAR-1/ABS-1", parent="ACME-LAW/PAR-1")
    assert base_digest((SCOPE, two)) == merkle_root((base_line(SCOPE), base_line(two)))
    assert base_digest((two, SCOPE)) != base_digest((SCOPE, two))


def test_the_base_does_not_depend_on_the_line_of_a_file() -> None:
    assert base_digest((SCOPE._replace(line=9),)) == base_digest((SCOPE,))
