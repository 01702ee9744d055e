"""An organisation whose addresses are compared without regard to case: what the printed script makes compares them byte by byte."""

import psycopg
import pytest

from tests.adoption.conftest import ANY_CASE, WITH_ICU, cluster_with_likeness
from tests.gateway.conftest import tie
from tests.same_names.conftest import MONITOR, installed_beside
from tests.support.passage import stages


def test_a_unit_is_looked_up_by_its_address_byte_by_byte() -> None:
    with cluster_with_likeness(WITH_ICU) as cluster:
        try:
            mapping, _ = installed_beside(cluster, "any_case", ANY_CASE)
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("no server here is built with ICU")
        with stages(cluster, "any_case", MONITOR) as walked:
            passage = tie(walked.at("fresh"), mapping)

            by_the_column = "SELECT count(*) FROM public.information_unit WHERE canonical_address = 'lib-rules/s001'"
            assert passage.rows(by_the_column) == [(1,)]
            for function in ("fn_site_unit", "fn_site_unit_keys"):
                for address, n in (("LIB-RULES/S001", 1), ("lib-rules/s001", 0)):
                    counted = f"SELECT count(*) FROM cutter_console.{function}('{address}')"
                    assert passage.rows(counted) == [(n,)], (function, address)
