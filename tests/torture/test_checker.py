"""The checker says so when an invariant is broken: each is broken by a superuser with triggers off, or by editing files."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import checker
from tests.torture import judging
from tests.torture.arena import DOCPREFIX, FOREIGN, Arena
from tests.torture.breaking import break_rows
from tests.torture.journals import rechained

UNIT = f"(SELECT id FROM public.information_unit WHERE canonical_address LIKE '{DOCPREFIX}/%' ORDER BY canonical_address LIMIT 1)"
RUN = f"(SELECT run_id FROM cutter_governance.run WHERE docprefix = '{DOCPREFIX}' ORDER BY started_at DESC LIMIT 1)"
SAME_RUN = f"run_id = {RUN}"

IN_THE_DATABASE: dict[str, tuple[str, str, str]] = {
    "a version is gone": ("waits for SG_2", f"DELETE FROM public.unit_version WHERE unit_id = {UNIT}", "rows:"),
    "a unit is gone": ("waits for SG_2", f"DELETE FROM public.information_unit WHERE id = {UNIT}", "rows:"),
    "a manifest row is gone": (
        "waits for SG_2",
        f"DELETE FROM cutter_governance.manifest_unit_block WHERE {SAME_RUN} AND seq = 1",
        "rows:",
    ),
    "a body is another": (
        "enacted",
        f"UPDATE public.unit_version SET body = body || ' ' WHERE unit_id = {UNIT}",
        "rows:",
    ),
    "a title is another": ("enacted", f"UPDATE public.unit_version SET title = 'x' WHERE unit_id = {UNIT}", "rows:"),
    "a parent is another": (
        "enacted",
        f"UPDATE public.information_unit SET parent_or_container_ref = 'x' WHERE id = {UNIT}",
        "rows:",
    ),
    "a draft is law": (
        "waits for SG_2",
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE id = {UNIT}",
        "rows:",
    ),
    "a unit of the law is a draft": (
        "enacted",
        f"UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE id = {UNIT}",
        "rows:",
    ),
    "a reverted unit is a draft": (
        "reverted",
        f"UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE id = {UNIT}",
        "rows:",
    ),
    "a log row is gone": ("enacted", f"DELETE FROM public.iu_lifecycle_log WHERE unit_id = {UNIT}", "rows:"),
    "an affected row is gone": (
        "enacted",
        f"DELETE FROM cutter_governance.cut_change_set_affected_row WHERE unit_id = {UNIT}",
        "rows:",
    ),
    "a change set is gone": ("enacted", f"DELETE FROM cutter_governance.cut_change_set WHERE {SAME_RUN}", "rows:"),
    "the seal is gone": ("waits for SG_2", f"DELETE FROM cutter_governance.manifest_seal WHERE {SAME_RUN}", "rows:"),
    "the state runs ahead of the rows": (
        "SG_1 imported",
        f"UPDATE cutter_governance.run SET stage = 'cut_leg_a_committed' WHERE {SAME_RUN}",
        "rows:",
    ),
    "the state lags behind the rows": (
        "waits for SG_2",
        f"UPDATE cutter_governance.run SET stage = 'awaiting_cut_authorization' WHERE {SAME_RUN}",
        "rows:",
    ),
    "a run with drafts is voided": (
        "waits for SG_2",
        f"UPDATE cutter_governance.run SET family = 'voided', reason = 'x', stage = 'awaiting_cut_authorization' WHERE {SAME_RUN}",
        "rows:",
    ),
    "a unit that nobody signed": (
        "waits for SG_2",
        f"INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, doc_code) VALUES ('{DOCPREFIX}/X', 'a', 'b', '{DOCPREFIX}')",
        "signed:",
    ),
    "a version that nobody signed": (
        "waits for SG_2",
        f"INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) VALUES ({UNIT}, 2, 'x', 'y')",
        "signed:",
    ),
    "the ruling's use is gone": (
        "enacted",
        f"DELETE FROM cutter_governance.approval_use WHERE {SAME_RUN} AND purpose = 'enact'",
        "rows:",
    ),
    "the statement is another": (
        "enacted",
        "UPDATE cutter_governance.approval SET statement = statement || convert_to(' ', 'UTF8'),"
        " statement_sha256 = encode(sha256(statement || convert_to(' ', 'UTF8')), 'hex') WHERE kind = 'SG_1' AND "
        + SAME_RUN,
        "signed:",
    ),
    "an SG_1 stands for an enactment": (
        "enacted",
        "UPDATE cutter_governance.approval_use SET statement_sha256 ="
        f" (SELECT statement_sha256 FROM cutter_governance.approval WHERE kind = 'SG_1' AND {SAME_RUN}) WHERE purpose = 'enact' AND {SAME_RUN}",
        "signed:",
    ),
    "another run's SG_1 stands for the cut": (
        "waits for SG_2",
        f"DELETE FROM cutter_governance.approval_use WHERE purpose = 'cut' AND run_id <> {RUN};"
        "UPDATE cutter_governance.approval_use SET statement_sha256 ="
        f" (SELECT statement_sha256 FROM cutter_governance.approval WHERE kind = 'SG_1' AND run_id <> {RUN} LIMIT 1) WHERE purpose = 'cut' AND {SAME_RUN}",
        "signed:",
    ),
    "the signature is of another statement": (
        "enacted",
        "UPDATE cutter_governance.approval SET signatures ="
        f" (SELECT signatures FROM cutter_governance.approval WHERE kind = 'SG_2' AND {SAME_RUN}) WHERE kind = 'SG_1' AND {SAME_RUN}",
        "signed:",
    ),
    "the signature is no signature": (
        "enacted",
        f"UPDATE cutter_governance.approval SET signatures = ARRAY['x'::bytea] WHERE kind = 'SG_2' AND {SAME_RUN}",
        "signed:",
    ),
    "the policy is not pinned": ("enacted", "DELETE FROM cutter_governance.policy_pin", "signed:"),
    "a signer is not in the policy": (
        "enacted",
        f"UPDATE cutter_governance.approval SET signers = ARRAY[repeat('A', 40)] WHERE kind = 'SG_2' AND {SAME_RUN}",
        "signed:",
    ),
    "used after its time": (
        "enacted",
        f"UPDATE cutter_governance.approval_use SET used_at = used_at + interval '2 days' WHERE purpose = 'enact' AND {SAME_RUN}",
        "signed:",
    ),
    "used in another transaction": (
        "enacted",
        f"UPDATE cutter_governance.approval_use SET xid = '7' WHERE purpose = 'enact' AND {SAME_RUN}",
        "signed:",
    ),
    "sealed in another transaction": (
        "enacted",
        f"UPDATE cutter_governance.manifest_seal SET xid = '7' WHERE {SAME_RUN}",
        "signed:",
    ),
    "a ruling serves two purposes": (
        "enacted",
        "INSERT INTO cutter_governance.approval_use (statement_sha256, purpose, run_id)"
        f" SELECT statement_sha256, 'supersede', run_id FROM cutter_governance.approval_use WHERE purpose = 'enact' AND {SAME_RUN}",
        "used once:",
    ),
    "the cut's decision is used to enact": (
        "waits for SG_2",
        "UPDATE cutter_governance.approval SET review_decision_id = d.id, kind = 'SG_2', draft_digest = 'x'"
        " FROM cutter_governance.review_decision d WHERE d.verdict = 'cut' AND d.run_id = approval.run_id AND approval.kind = 'SG_1'",
        "used once:",
    ),
    "a lease is open at rest": (
        "waits for SG_2",
        "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
        f" VALUES ({RUN}, 'enact', 'a', 'b', clock_timestamp() + interval '5 minutes')",
        "switch:",
    ),
    "a closed run is armed": (
        "enacted",
        "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
        f" VALUES ({RUN}, 'cut', 'a', 'b', clock_timestamp() + interval '5 minutes')",
        "is over (active at closeout_reported",
    ),
    "no verification passed": (
        "waits for SG_2",
        f"UPDATE cutter_governance.verify_result SET outcome = 'FAIL' WHERE {SAME_RUN}",
        "verified:",
    ),
    "a run goes on from a verification that an edit is younger than": (
        "edited",
        "UPDATE cutter_governance.verify_result SET verified_at = verified_at - interval '1 day';"
        " UPDATE cutter_governance.run SET stage = 'lifecycle_enacted' WHERE operation = 'cut' AND docprefix = 'ACME-LAW'",
        "was edited since it was verified",
    ),
    "PASS was given to another digest": (
        "waits for SG_2",
        "UPDATE cutter_governance.dot_pair_signature SET signed_digest = repeat('0', 64) WHERE verify_result_id IN"
        f" (SELECT id FROM cutter_governance.verify_result WHERE {SAME_RUN})",
        "verified:",
    ),
    "PASS without a check": (
        "waits for SG_2",
        f"UPDATE cutter_governance.verify_result SET checks = '[]' WHERE {SAME_RUN}",
        "verified:",
    ),
    "a foreign title changes": (
        "enacted",
        f"UPDATE public.unit_version v SET title = 'x' FROM public.information_unit u WHERE u.id = v.unit_id AND u.doc_code = '{FOREIGN}'",
        "untouched:",
    ),
    "a foreign unit is touched": (
        "enacted",
        f"UPDATE public.information_unit SET updated_by = 'x' WHERE doc_code = '{FOREIGN}'",
        "untouched:",
    ),
    "a foreign ledger row is gone": (
        "enacted",
        f"DELETE FROM cutter_governance.baseline_pin WHERE run_id IN (SELECT run_id FROM cutter_governance.run WHERE docprefix = '{FOREIGN}')",
        "untouched:",
    ),
    "another number of rows is kept": (
        "enacted",
        "UPDATE cutter_governance.kept_count SET rows = rows + 1 WHERE table_name = 'public.unit_version'",
        "kept:",
    ),
    "another digest of a document is kept": (
        "enacted",
        "UPDATE cutter_governance.kept_document SET digest = repeat('0', 64) WHERE digest IS NOT NULL",
        "kept:",
    ),
    "a stranger's event": (
        "waits for SG_2",
        "INSERT INTO cutter_governance.run_event (run_id, phase, stage, family, outcome, record, journal_seq, journal_head, vouched)"
        f" SELECT run_id, 'x', stage, family, 'PASS', '{{}}', 999, repeat('0', 64), false FROM cutter_governance.run WHERE {SAME_RUN}",
        "anchor:",
    ),
    "an event names another record": (
        "waits for SG_2",
        f"UPDATE cutter_governance.run_event SET journal_head = repeat('0', 64) WHERE {SAME_RUN} AND phase = 'mark'",
        "anchor:",
    ),
    "an acknowledged phase is gone": (
        "waits for SG_2",
        f"DELETE FROM cutter_governance.run_event WHERE {SAME_RUN} AND phase = 'cut_leg_a'",
        "acknowledged:",
    ),
    "the last event says another state": (
        "voided",
        f"UPDATE cutter_governance.run SET reason = 'another' WHERE {SAME_RUN}",
        "anchor:",
    ),
    "a ruling whose import was never announced": (
        "SG_1 imported",
        "INSERT INTO cutter_governance.approval SELECT (jsonb_populate_record(a, jsonb_build_object('statement', convert_to('{}', 'UTF8'),"
        " 'statement_sha256', encode(sha256(convert_to('{}', 'UTF8')), 'hex')))).* FROM cutter_governance.approval a WHERE "
        + SAME_RUN,
        "intent:",
    ),
    "a lease that was never announced": (
        "waits for SG_1",
        "INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, expires_at)"
        f" VALUES ({RUN}, 'cut', 'a', 'b', clock_timestamp() + interval '5 minutes')",
        "intent:",
    ),
    "an end that was never announced": (
        "voided",
        f"UPDATE cutter_governance.run_event SET xid = '7' WHERE {SAME_RUN} AND phase = 'void'",
        "intent:",
    ),
    "an effect in a transaction that was never announced": (
        "waits for SG_2",
        f"UPDATE cutter_governance.run_event SET xid = '7' WHERE {SAME_RUN} AND phase = 'leg_b_record'",
        "intent:",
    ),
    "an effect that added more than was signed": (
        "waits for SG_2",
        "UPDATE cutter_governance.run_effect SET rows_added = rows_added || '{\"public.unit_version\": 9}'"
        f" WHERE step = 'cut' AND {SAME_RUN}",
        "to cut: added",
    ),
    "a row that no effect explains": (
        "waits for SG_2",
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('A/1', 'A/2')",
        "effects: now: cutter_governance.canonical_address_alias has 1 rows, 0",
    ),
    "rows that came between two effects": (
        "waits for SG_2",
        "UPDATE cutter_governance.run_effect SET rows_before = rows_before || '{\"cutter_governance.review_decision\": 9}'"
        f" WHERE step = 'verify' AND {SAME_RUN}",
        "to verify: cutter_governance.review_decision has 9 rows",
    ),
    "an effect under no ruling": (
        "enacted",
        f"UPDATE cutter_governance.run_effect SET xid = '7' WHERE step = 'enact' AND {SAME_RUN}",
        "in a transaction that used no ruling",
    ),
    "a backup from after the cut": (
        "waits for SG_2",
        f"UPDATE cutter_governance.backup_proof SET recorded_at = recorded_at + interval '1 day' WHERE {SAME_RUN}",
        "has no backup that holds",
    ),
}
"""What is done, at which stage, and how the violation that must be named begins."""


def _unit(name: str) -> str:
    return f"canonical_address = '{DOCPREFIX}/ONE{name}'"


def _version(name: str, seq: int) -> str:
    return f"version_seq = {seq} AND unit_id = (SELECT id FROM public.information_unit WHERE {_unit(name)})"


_LAW_AT_DRAFT = (
    "UPDATE public.information_unit SET version_anchor_ref = (SELECT id FROM public.unit_version WHERE"
    f" {_version('/ALPHA', 2)}) WHERE {_unit('/ALPHA')}"
)
_CUT_INSTEAD = (
    "convert_to(replace(convert_from(statement, 'UTF8'), '\"operation\":\"amend\"', '\"operation\":\"cut\"'), 'UTF8')"
)
_OTHER_OPERATION = (
    f"UPDATE cutter_governance.approval SET statement = {_CUT_INSTEAD},"
    f" statement_sha256 = encode(sha256({_CUT_INSTEAD}), 'hex') WHERE {SAME_RUN}"
)
_LATER = (
    f"UPDATE cutter_governance.approval SET in_force_from = now() + interval '1 day' WHERE kind = 'SG_2' AND {SAME_RUN}"
)
_FIRST_RUN = "(SELECT run_id FROM cutter_governance.run WHERE operation = 'cut' AND docprefix = 'ACME-LAW')"

OF_AN_AMENDMENT: dict[str, tuple[str, str, str]] = {
    "the law is anchored to a draft": ("amend: waits for SG_2", _LAW_AT_DRAFT, "ruled: ACME-LAW/ONE/ALPHA: version is"),
    "a draft of a changed unit is law": (
        "amend: waits for SG_2",
        f"UPDATE public.unit_version SET lifecycle_status = 'enacted' WHERE {_version('/ALPHA', 2)}",
        "lifecycle is enacted, ruled was draft",
    ),
    "a draft of a changed unit is gone": (
        "amend: waits for SG_2",
        f"DELETE FROM public.unit_version WHERE {_version('/ALPHA', 2)}",
        "has to be draft, and is not there",
    ),
    "a new unit is gone": (
        "amend: waits for SG_2",
        f"DELETE FROM public.information_unit WHERE {_unit('/GAMMA')}",
        "rows:",
    ),
    "a new unit has another parent": (
        "amend: waits for SG_2",
        f"UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE {_unit('/GAMMA')}",
        "ruled: ACME-LAW/ONE/GAMMA: parent is None",
    ),
    "a new unit is law before its enactment": (
        "amend: waits for SG_2",
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE {_unit('/GAMMA')}",
        "ruled: ACME-LAW: readers see 4 units, 3 are law",
    ),
    "what will be gone is gone already": (
        "amend: waits for SG_2",
        f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_unit('/BETA')}",
        "lifecycle is superseded, ruled was enacted",
    ),
    "a version more": (
        "amend: waits for SG_2",
        "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash)"
        f" SELECT id, 9, 'x', 'y' FROM public.information_unit WHERE {_unit('/BETA')}",
        "is a version of the document that no used ruling made",
    ),
    "a unit more": (
        "amend: waits for SG_2",
        "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, doc_code)"
        f" VALUES ('{DOCPREFIX}/X', 'a', 'b', '{DOCPREFIX}')",
        "is a unit of the document that no used ruling made",
    ),
    "a manifest row of an amendment is gone": (
        "amend: waits for SG_2",
        f"DELETE FROM cutter_governance.manifest_unit_block WHERE {SAME_RUN} AND seq = 1",
        "rows:",
    ),
    "the manifest has another body than its digest": (
        "amend: waits for SG_2",
        f"UPDATE cutter_governance.manifest_unit_block SET body = 'x' WHERE {SAME_RUN} AND seq = 1",
        "has another body in the manifest",
    ),
    "an unchanged unit has a version of its own": (
        "amend: waits for SG_2",
        f"UPDATE cutter_governance.manifest_unit_block SET version_id = gen_random_uuid() WHERE {SAME_RUN} AND seq = 1",
        "is unchanged, and has a version of its own",
    ),
    "a changed unit has the version that was there": (
        "amend: waits for SG_2",
        "UPDATE cutter_governance.manifest_unit_block SET version_id = (SELECT id FROM public.unit_version WHERE"
        f" {_version('/ALPHA', 1)}) WHERE {SAME_RUN} AND address LIKE '%/ALPHA'",
        "is changed or new, and has a version that was there",
    ),
    "a unit of the law has another id": (
        "amend: waits for SG_2",
        f"UPDATE cutter_governance.manifest_unit_block SET unit_id = gen_random_uuid() WHERE {SAME_RUN} AND seq = 1",
        "and was",
    ),
    "a new unit has the id of another address": (
        "amend: waits for SG_2",
        "UPDATE cutter_governance.manifest_unit_block SET unit_id = (SELECT id FROM public.information_unit WHERE"
        f" {_unit('/BETA')}) WHERE {SAME_RUN} AND address LIKE '%/GAMMA'",
        "is new, and has the unit of another address",
    ),
    "an affected row of an amendment is gone": (
        "amend: waits for SG_2",
        "DELETE FROM cutter_governance.cut_change_set_affected_row WHERE unit_id ="
        f" (SELECT id FROM public.information_unit WHERE {_unit('/BETA')})"
        f" AND change_set_id = (SELECT id FROM cutter_governance.cut_change_set WHERE {SAME_RUN})",
        "rows:",
    ),
    "an affected row is that of an unchanged unit": (
        "amend: waits for SG_2",
        "UPDATE cutter_governance.cut_change_set_affected_row SET unit_id ="
        f" (SELECT id FROM public.information_unit WHERE {_unit('')})"
        f" WHERE change_set_id = (SELECT id FROM cutter_governance.cut_change_set WHERE {SAME_RUN})"
        f" AND unit_id = (SELECT id FROM public.information_unit WHERE {_unit('/BETA')})",
        "the affected rows are not those",
    ),
    "another law is named": (
        "amend: SG_1 imported",
        f"UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE {SAME_RUN}",
        "amends:",
    ),
    "another law was met": (
        "amend: waits for SG_2",
        f"UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE {SAME_RUN}",
        "and met",
    ),
    "a ruling is over another operation": ("amend: SG_1 imported", _OTHER_OPERATION, "is over operation cut"),
    "nothing says when it was planned": (
        "amend: waits for SG_1",
        f"DELETE FROM cutter_governance.run_event WHERE {SAME_RUN} AND phase = 'cutplan'",
        "no event says when it was planned",
    ),
    "drafts beside drafts": (
        "amend: waits for SG_2",
        f"DELETE FROM cutter_governance.approval_use WHERE purpose = 'enact' AND run_id = {_FIRST_RUN}",
        "was written while",
    ),
    "an amendment of what is no law": (
        "amend: waits for SG_2",
        f"DELETE FROM cutter_governance.approval_use WHERE purpose = 'enact' AND run_id = {_FIRST_RUN}",
        "amends or repeals a document of which nothing is law",
    ),
    "PASS was given to another digest of an amendment": (
        "amend: waits for SG_2",
        "UPDATE cutter_governance.dot_pair_signature SET signed_digest = repeat('0', 64) WHERE verify_result_id IN"
        f" (SELECT id FROM cutter_governance.verify_result WHERE {SAME_RUN})",
        "verified:",
    ),
    "an amendment that no verification passed": (
        "amend: waits for SG_2",
        f"UPDATE cutter_governance.verify_result SET outcome = 'FAIL' WHERE {SAME_RUN}",
        "verified:",
    ),
    "the second ruling is over other drafts": (
        "amend: enacted",
        f"UPDATE public.unit_version SET body = 'Forged.' WHERE {_version('/ALPHA', 2)}",
        "it names drafts",
    ),
    "the second ruling is over another unchanged unit": (
        "amend: enacted",
        f"UPDATE public.unit_version SET title = 'Forged' WHERE {_version('', 1)}",
        "it names drafts",
    ),
    "the law is anchored to the old version": (
        "amend: enacted",
        "UPDATE public.information_unit SET version_anchor_ref = (SELECT id FROM public.unit_version WHERE"
        f" {_version('/ALPHA', 1)}) WHERE {_unit('/ALPHA')}",
        "ruled: ACME-LAW: readers see",
    ),
    "another moment from which it is in force": (
        "amend: enacted",
        _LATER,
        "its statement says in force from None, recorded is",
    ),
    "the old version is law still": (
        "amend: enacted",
        f"UPDATE public.unit_version SET lifecycle_status = 'enacted' WHERE {_version('/ALPHA', 1)}",
        "lifecycle is enacted, ruled was superseded",
    ),
    "a unit that is gone is law still": (
        "amend: enacted",
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE {_unit('/BETA')}",
        "ruled: ACME-LAW/ONE/BETA: lifecycle is enacted",
    ),
    "a version of what is gone is law still": (
        "amend: enacted",
        f"UPDATE public.unit_version SET lifecycle_status = 'enacted' WHERE {_version('/BETA', 1)}",
        "lifecycle is enacted, ruled was superseded",
    ),
    "a change is not logged": (
        "amend: enacted",
        f"DELETE FROM public.iu_lifecycle_log WHERE {SAME_RUN} AND from_status = to_status",
        "0 log rows enacted to enacted",
    ),
    "an unchanged unit is logged": (
        "amend: enacted",
        "INSERT INTO public.iu_lifecycle_log (unit_id, from_status, to_status, run_id, actor)"
        f" VALUES ({UNIT}, 'enacted', 'enacted', {RUN}, 'x')",
        "1 log rows enacted to enacted",
    ),
    "the text between the units is another": (
        "amend: enacted",
        f"UPDATE cutter_governance.manifest_seal SET other_text = convert_to('x', 'UTF8') || other_text WHERE {SAME_RUN}",
        "its versions make text",
    ),
    "the text that was amended is another": (
        "amend: enacted",
        f"UPDATE public.unit_version SET body = 'Forged.' WHERE {_version('/BETA', 1)}",
        "its versions make text",
    ),
    "a renumbering that nobody stated": (
        "amend: enacted",
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address, run_id)"
        f" VALUES ('{DOCPREFIX}/ONE/BETA', '{DOCPREFIX}/ONE/GAMMA', {RUN})",
        "has aliases",
    ),
    "an unchanged unit is touched": (
        "amend: enacted",
        f"UPDATE public.information_unit SET updated_by = 'x' WHERE {_unit('')}",
        "untouched:",
    ),
    "drafts touch what is law": (
        "amend: waits for SG_2",
        f"UPDATE public.information_unit SET updated_by = 'x' WHERE {_unit('/ALPHA')}",
        "untouched:",
    ),
    "a draft is left of a revert": (
        "amend: reverted",
        f"UPDATE public.unit_version SET lifecycle_status = 'draft' WHERE {_version('/ALPHA', 2)}",
        "lifecycle is draft, ruled was superseded",
    ),
    "a new unit is left of a revert": (
        "amend: reverted",
        f"UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE {_unit('/GAMMA')}",
        "ruled: ACME-LAW/ONE/GAMMA: lifecycle is draft",
    ),
    "a revert changes the law": ("amend: reverted", _LAW_AT_DRAFT, "ruled: ACME-LAW/ONE/ALPHA: version is"),
}
"""The same of an amendment, and of the law before and after it."""
OF_A_REPEAL: dict[str, tuple[str, str, str]] = {
    "a repealed unit is law": (
        "repeal: enacted",
        f"UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE {_unit('/BETA')}",
        "ruled: ACME-LAW/ONE/BETA: lifecycle is enacted",
    ),
    "a repealed version is law": (
        "repeal: enacted",
        f"UPDATE public.unit_version SET lifecycle_status = 'enacted' WHERE {_version('/BETA', 1)}",
        "lifecycle is enacted, ruled was superseded",
    ),
    "the end of a unit is not logged": (
        "repeal: enacted",
        f"DELETE FROM public.iu_lifecycle_log WHERE {SAME_RUN} AND unit_id = {UNIT}",
        "0 log rows enacted to superseded",
    ),
    "a repealed text is another": (
        "repeal: enacted",
        f"UPDATE public.unit_version SET body = 'Forged.' WHERE {_version('/BETA', 1)}",
        "its versions make text",
    ),
    "a repeal has a text": (
        "repeal: enacted",
        f"UPDATE cutter_governance.manifest_seal SET other_text = 'x' WHERE {SAME_RUN}",
        "its versions make text",
    ),
    "a repeal names another law": (
        "repeal: waits for SG_2",
        f"UPDATE cutter_governance.run SET base_digest = repeat('0', 64) WHERE {SAME_RUN}",
        "amends:",
    ),
    "a unit that it ends is not recorded": (
        "repeal: waits for SG_2",
        f"DELETE FROM cutter_governance.cut_change_set_affected_row WHERE unit_id = {UNIT} AND change_set_id ="
        f" (SELECT id FROM cutter_governance.cut_change_set WHERE {SAME_RUN})",
        "rows:",
    ),
    "a sealed repeal ends a unit before its enactment": (
        "repeal: waits for SG_2",
        f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_unit('/BETA')}",
        "ruled: ACME-LAW/ONE/BETA: lifecycle is superseded",
    ),
    "a revert of a repeal changes the law": (
        "repeal: reverted",
        f"UPDATE public.information_unit SET lifecycle_status = 'superseded' WHERE {_unit('/BETA')}",
        "ruled: ACME-LAW/ONE/BETA: lifecycle is superseded",
    ),
}
"""The same of a repeal."""


@pytest.mark.parametrize("what", [*IN_THE_DATABASE, *OF_AN_AMENDMENT, *OF_A_REPEAL])
def test_names_what_is_wrong_in_the_database(an_arena: Arena, what: str) -> None:
    """Each row that a protection exists for, broken behind its back."""
    stage, statement, begins = (IN_THE_DATABASE | OF_AN_AMENDMENT | OF_A_REPEAL)[what]
    snapshot = judging.before(an_arena, stage)
    judging.at(an_arena, stage)
    break_rows(an_arena, statement)
    found = checker.check(judging.subject(an_arena, snapshot), without=(*judging.ASKING, checker.nothing_is_deleted))
    assert [one for one in map(str, found) if begins in one], found


def test_a_text_that_begins_later_leaves_readers_the_one_before_it(an_arena: Arena) -> None:
    """The law has moved on, and what readers see has not: no fault, and one where they see something else."""
    judging.at(an_arena, "amend: enacted")
    break_rows(an_arena, _LATER)
    assert list(checker.documents_are_as_ruled(judging.subject(an_arena))) == []
    break_rows(an_arena, f"UPDATE public.unit_version SET title = 'Forged' WHERE {_version('/BETA', 1)}")
    found = [str(one) for one in checker.documents_are_as_ruled(judging.subject(an_arena))]
    assert [one for one in found if one.startswith("ruled: ACME-LAW: readers see 3 units, 3 are law")], found


STAGES = (
    "fresh",
    "dry run done",
    "waits for SG_1",
    "SG_1 imported",
    "waits for SG_2",
    "SG_2 imported",
    "enacted",
    "reverted",
    "voided",
    "amend: dry run done",
    "amend: SG_1 imported",
    "amend: waits for SG_2",
    "amend: enacted",
    "amend: reverted",
    "amend: voided",
    "two amendments",
    "after a revert: waits for SG_2",
    "after a revert: enacted",
    "after a revert: reverted",
    "amend again: enacted",
    "repeal: waits for SG_2",
    "repeal: enacted",
    "repeal: reverted",
    "repeal again: enacted",
)


@pytest.mark.parametrize("stage", STAGES)
def test_finds_nothing_where_nothing_is_wrong(an_arena: Arena, stage: str) -> None:
    """A checker that cries at a sound run would be switched off."""
    snapshot = judging.before(an_arena, stage)
    log_from = judging.log_size(an_arena)
    judging.at(an_arena, stage)
    assert judging.violations(an_arena, snapshot, log_from=log_from) == []


def _live(arena: Arena) -> Path:
    rows = arena.rows(f"SELECT run_id FROM cutter_governance.run WHERE docprefix = '{DOCPREFIX}'")
    return arena.root / "runs" / str(rows[0][0])


def _without_intent(arena: Arena) -> None:
    """A journal that is sound in itself and agrees with every anchor, and whose intent to cut stands behind the effect."""
    path = _live(arena) / "journal.jsonl"
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    for one in records:
        if one["kind"] == "intent" and one["phase"] == "cut_leg_a":
            one["kind"] = "note"
    path.write_bytes(rechained(records))
    new = {one["sequence"]: one["hash"] for one in map(json.loads, path.read_bytes().splitlines())}
    for number, head in new.items():
        with psycopg.connect(arena.dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE cutter_governance.run_event DISABLE TRIGGER ALL")
            connection.execute(
                "UPDATE cutter_governance.run_event SET journal_head = %s WHERE run_id = %s AND journal_seq = %s",
                (head, path.parent.name, number),
            )


def _flipped(arena: Arena) -> None:
    path = _live(arena) / "journal.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _emptied(arena: Arena) -> None:
    (_live(arena) / "journal.jsonl").write_bytes(b"")


def _other_journal(arena: Arena) -> None:
    foreign = arena.rows(f"SELECT run_id FROM cutter_governance.run WHERE docprefix = '{FOREIGN}'")[0][0]
    shutil.copy(arena.root / "runs" / str(foreign) / "journal.jsonl", _live(arena) / "journal.jsonl")


def _edited_plan(arena: Arena) -> None:
    path = _live(arena) / "plan.json"
    path.write_bytes(path.read_bytes().replace(b"Alpha", b"Omega"))


def _listed_otherwise(arena: Arena) -> None:
    """A plan whose lists are others, and whose digest the run has."""
    rows = arena.rows(f"SELECT run_id FROM cutter_governance.run WHERE {SAME_RUN}")
    path = arena.root / "runs" / str(rows[0][0]) / "plan.json"
    plan = json.loads(path.read_bytes())
    plan["amendment"]["changed"], plan["amendment"]["unchanged"] = [], 2
    path.write_bytes(checker.canonical(plan))
    break_rows(
        arena,
        f"UPDATE cutter_governance.run SET plan_digest = '{checker.sha256(path.read_bytes())}' WHERE {SAME_RUN}",
    )


def _appended(name: str, data: bytes) -> Callable[[Arena], None]:
    def act(arena: Arena) -> None:
        with (_live(arena) / name).open("ab") as stream:
            stream.write(data)

    return act


def _dry_row(arena: Arena) -> None:
    dry = next(place for place in (arena.root / "runs").iterdir() if b"DRYRUN" in (place / "request.json").read_bytes())
    break_rows(
        arena,
        f"INSERT INTO cutter_governance.hold_event (action, reason, run_id, by) VALUES ('set', 'x', '{dry.name}', 'y')",
    )


def _deleted(arena: Arena) -> None:
    with (
        pytest.raises(psycopg.Error),
        psycopg.connect(arena.dsn, application_name="cutter-console test", autocommit=True) as connection,
    ):
        connection.execute("DELETE FROM public.information_unit WHERE false")


def _truncated(arena: Arena) -> None:
    with (
        pytest.raises(psycopg.Error),
        psycopg.connect(arena.dsn, application_name="cutter-console test", autocommit=True) as connection,
    ):
        connection.execute("/* quietly */\n  TRUNCATE cutter_governance.hold_event")


OUTSIDE: dict[str, tuple[str, Callable[[Arena], None], str]] = {
    "a byte of a journal flips": ("waits for SG_2", _flipped, "journal:"),
    "a journal is gone": ("waits for SG_2", lambda a: (_live(a) / "journal.jsonl").unlink(), "journal:"),
    "a journal is empty": (
        "waits for SG_2",
        _emptied,
        "journal:",
    ),
    "a journal is another run's": ("waits for SG_2", _other_journal, "journal:"),
    "a journal has a torn tail": ("waits for SG_2", _appended("journal.jsonl", b'{"fields"'), "torn tail"),
    "a run's directory is gone": ("waits for SG_2", lambda a: shutil.rmtree(_live(a)), "journal:"),
    "the intent stands behind the effect": ("waits for SG_2", _without_intent, "intent:"),
    "the plan's file is edited": ("waits for SG_2", _edited_plan, "rows:"),
    "the plan of an amendment lists other effects": (
        "amend: waits for SG_2",
        _listed_otherwise,
        "amends:",
    ),
    "a dry run has a row": ("dry run done", _dry_row, "dry run:"),
    "the product deletes": ("fresh", _deleted, "deletes:"),
    "the product truncates": ("fresh", _truncated, "deletes:"),
    "half of a file is left": ("waits for SG_2", _appended(".plan.json.part", b"{"), "leftover:"),
    "half of a journal is left": ("waits for SG_2", _appended(".journal.jsonl.0123abcd", b"{"), "leftover:"),
    "a dump in plain text": ("waits for SG_2", _appended("dump", b"PGDMP..."), "plaintext:"),
    "a run has a directory and nothing in it": (
        "fresh",
        lambda a: (a.root / "runs" / "ictr-20260101T000000Z-00000000").mkdir(),
        "moves:",
    ),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_names_what_is_wrong_outside_the_database(an_arena: Arena, what: str) -> None:
    """Files, statements and directories."""
    stage, act, begins = OUTSIDE[what]
    judging.at(an_arena, stage)
    log_from = judging.log_size(an_arena)
    act(an_arena)
    without = () if begins == "moves:" else judging.ASKING
    found = checker.check(judging.subject(an_arena, log_from=log_from), without=without)
    assert [one for one in map(str, found) if begins in one], found


SHOWN = {"family": "active", "stage": "lifecycle_enacted"}
ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "cannot be shown": (7, {}),
    "offers nothing": (0, {"state": SHOWN, "moves": [], "mode": "LIVE"}),
    "offers only a report": (0, {"state": {**SHOWN, "family": "failed"}, "moves": ["report"], "mode": "LIVE"}),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_names_a_run_without_a_move(an_arena: Arena, what: str) -> None:
    """What the console would have to answer for that."""
    judging.at(an_arena, "waits for SG_2")
    judged = judging.subject(an_arena)
    listed = {"runs": [{"run_id": row["run_id"]} for row in judged.runs]}
    judged.ask = lambda words: (0, listed, "") if words == ("run", "list") else (*ANSWERS[what], "no")
    assert [one for one in checker.every_run_has_a_move(judged) if one.invariant == "moves"]


def test_names_a_run_that_is_not_listed(an_arena: Arena) -> None:
    """A list without the run."""
    judging.at(an_arena, "waits for SG_2")
    judged = judging.subject(an_arena)
    judged.ask = lambda words: (0, {"runs": []}, "")
    assert {one.invariant for one in checker.every_run_has_a_move(judged)} == {"moves"}


def test_a_lease_whose_holder_died_is_told_from_one_that_waits(an_arena: Arena) -> None:
    """Armed and not taken up is no fault just after a death; taken up by a process that is gone it is."""
    judging.at(an_arena, "armed")
    judged = judging.subject(an_arena, just_died=True)
    assert list(checker.switch_is_off(judged)) == []
    path = _live(an_arena) / "journal.jsonl"
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    later = {**records[-1], "kind": "intent", "phase": "cut_leg_a", "time": "2126-01-01T00:00:00.000000+00:00"}
    path.write_bytes(rechained([*records, later]))
    taken = judging.subject(an_arena, just_died=True)
    assert [one.invariant for one in checker.switch_is_off(taken)] == ["switch"]


def test_what_a_dry_run_must_leave_is_everything(an_arena: Arena) -> None:
    """One row more anywhere is seen."""
    judging.at(an_arena, "fresh")
    snapshot = judging.before(an_arena)
    judging.at(an_arena, "dry run done")
    assert checker.unchanged(an_arena.dsn, snapshot) == []
    break_rows(an_arena, "INSERT INTO public.dot_config VALUES ('a', 'b')")
    assert checker.unchanged(an_arena.dsn, snapshot)


def test_merkle_root_is_that_of_rfc_6962() -> None:
    """The known roots of the empty tree and of one leaf, and the shape of five."""
    leaf = [hashlib.sha256(b"\0" + one.encode()).digest() for one in "abcde"]

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    assert checker.merkle_root([]) == hashlib.sha256(b"").hexdigest()
    assert checker.merkle_root(["a"]) == leaf[0].hex()
    assert (
        checker.merkle_root(list("abcde")) == node(node(node(leaf[0], leaf[1]), node(leaf[2], leaf[3])), leaf[4]).hex()
    )


def test_the_command_line_prints_a_line_a_violation(
    an_arena: Arena, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is run by hand, on a snapshot that it took itself."""
    judging.at(an_arena, "waits for SG_2")
    kept = tmp_path / "snapshot"
    assert checker.main([an_arena.dsn, str(an_arena.root), "--take-snapshot", str(kept)]) == 0
    arguments = [an_arena.dsn, str(an_arena.root), "--snapshot", str(kept), "--key", str(an_arena.public_key)]
    assert checker.main(arguments) == 0
    break_rows(an_arena, f"DELETE FROM public.information_unit WHERE id = {UNIT}")
    assert checker.main(arguments) == 1
    assert "rows:" in capsys.readouterr().out
    assert kept.exists()
