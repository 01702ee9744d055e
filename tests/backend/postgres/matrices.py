"""What `make test` takes of the long matrices of what the database refuses, by roles, rows and statements, as tests/matrices.py says."""

from tests.support.combinations import Kept

DATABASE: dict[str, Kept] = {
    # A row of nobody and a unit of a third document; its own document and a row that is gone are differences of the same kind.
    "backend/postgres/test_effects.py::test_what_no_effect_explains_is_a_difference_beside_what_effects_do": (
        "a row that nobody recorded",
        "a unit of a third document",
    ),
    # Of each table one difference, one thing more and one thing less; the same are asked whether they stop everything.
    "backend/postgres/test_enactment.py::test_no_ruling_is_taken_over_drafts_that_are_not_what_was_signed": (
        "another owner",
        "another body",
    ),
    "backend/postgres/test_enactment.py::test_the_structure_of_a_cut_is_not_found_where_something_differs": (
        "another title",
        "a unit more that is superseded",
        "a version more",
    ),
    # One of the fields.
    "backend/postgres/test_rulings.py::test_what_a_signer_reads_in_a_second_ruling_is_what_stands_in_the_rows": (
        "another body",
    ),
    # A place, and a kind.
    "backend/postgres/test_edits.py::test_an_edit_changes_title_and_body_of_a_draft_and_nothing_else": (
        "an address outside of the document",
        "another kind",
    ),
    # Of units, of versions and of what was sealed, some.
    "backend/postgres/test_enactment.py::test_a_difference_from_what_was_signed_is_named_and_stops_everything": (
        "another title",
        "a unit deleted softly",
        "another digest of the body",
        "a unit more under its prefix",
        "another document",
        "another owner",
        "another body",
        "a version more",
        "no version",
        "no seal",
        "a unit missing",
    ),
    # Of what is changed, new, gone and unchanged, of the law around it, and of what was signed.
    "backend/postgres/test_amended_drafts.py::test_a_difference_from_the_signed_amendment_stops_its_enactment": (
        "another text of what will be gone",
        "another parent of a new unit",
        "a draft unit more whose version is law",
        "a draft version more",
        "another title of a new unit",
        "a changed unit that is law already",
        "another body with its digest",
        "what will be gone is gone",
        "another text of an unchanged unit",
        "no seal",
    ),
    # Of the first ruling some.
    "backend/postgres/test_amended_drafts.py::test_a_ruling_that_misstates_an_amendment_is_not_imported": (
        "no operation",
        "another base",
        "SG_1 says from when",
    ),
    # Of the three steps two.
    "backend/postgres/test_amended_drafts.py::test_a_hold_stops_each_step_of_an_amendment": ("cut", "enact"),
    # Each field with another value; that it is not there, and that it is of no form, is asked of those that a digest hangs on.
    "backend/postgres/test_rulings.py::test_a_statement_with_one_field_changed_is_refused_and_leaves_no_row": (
        "another schema",
        "another text",
        "another document",
        "valid for longer than a day",
        "another source",
        "another cluster",
        "another allowance",
        "no manifest",
        "more units",
        "another plan",
        "another baseline",
        "expired",
        "another run",
        "another database",
        "not yet valid",
    ),
    "backend/postgres/test_rulings.py::test_a_second_ruling_with_one_field_changed_is_refused_and_leaves_no_row": (
        "a manifest",
        "no digest of the drafts",
        "another *",
        "no review decision",
        "no drafts",
        "a ruling of more than twelve hours",
    ),
    # What it is over, and what it allows.
    "backend/postgres/test_rulings.py::test_a_row_that_was_planted_under_the_digest_of_a_statement_is_told_loudly": (
        "manifest_digest",
        "purpose",
    ),
    # Where names lead; whatever else a session begins with is refused by the same look.
    "backend/postgres/test_sessions.py::test_migrate_refuses_what_sessions_would_begin_with_and_names_the_command": (
        "*search_path*",
    ),
    # Of the roles the one that writes.
    "backend/postgres/test_sessions.py::test_no_digest_accepts_that_triggers_do_not_fire": ("cutter_exec",),
    # A block, and the use of the ruling.
    "backend/postgres/test_upgrade_of_manifests.py::test_a_manifest_that_does_not_hold_is_not_sealed_and_its_drafts_can_only_be_taken_back": (
        "*SET title*",
        "*approval_use",
    ),
    # The digest of the drafts, their list, and the kind of the ruling.
    "backend/postgres/test_reverts.py::test_a_revert_over_other_drafts_is_no_ruling": (
        "changes0",
        "changes2",
        "changes4",
    ),
    # A text, and a unit more.
    "backend/postgres/test_reverts.py::test_a_signed_revert_takes_back_whatever_stands_there_once_it_is_named": (
        "another body",
        "a unit more",
    ),
    # One of the purposes.
    "backend/postgres/test_authority.py::test_nothing_can_be_armed_for_a_run_that_is_closed": ("enact",),
    # A HOLD in the database, and two of the attacks.
    "backend/postgres/test_live_text.py::test_nothing_is_registered_under_a_hold": ("database",),
    # What is read of a law, and what is only told of it.
    "backend/postgres/test_kept_numbers.py::test_a_row_that_was_removed_past_the_triggers_is_missed": (
        "public.unit_version",
        "cutter_governance.manifest_unit_block",
    ),
    # What is law, and what was signed.
    "backend/postgres/test_repeals.py::test_a_difference_from_the_signed_repeal_stops_its_enactment": (
        "another text in the law",
        "no seal",
    ),
    # Of either ruling some.
    "backend/postgres/test_repeals.py::test_a_ruling_that_misstates_a_repeal_is_not_imported": (
        "no operation",
        "another base",
        "an enactment of other units",
    ),
    # Of fields, numbers, addresses, places, bodies and units, some; each mends the digest and is refused by what it says.
    "backend/postgres/test_manifest.py::test_a_signature_does_not_make_a_manifest_hold_that_does_not": (
        "a kind that nobody knows",
        "one unit too few",
        "a body of another sha256",
        "a number spelt in another way",
        "a number left out",
        "bodies that overlap",
    ),
    # From one stage to all, and from all to the stages of the two effects.
    "backend/postgres/test_stages.py::test_from_wherever_a_run_stands_no_stage_is_reached_but_the_next": (
        "awaiting_cut_authorization-*",
        "*-cut_leg_a_committed",
        "*-lifecycle_enacted",
    ),
    # A grant, a function, a trigger, a view; test_drift.py asks every break of breaks.py, by the same lines.
    "backend/postgres/test_grants.py::test_a_change_of_what_may_be_done_is_seen": (
        "a revoked grant",
        "a changed function",
        "a disabled trigger",
        "a changed view",
    ),
    # A cut, and what is written beside law; edits and repeals are known by the same digests.
    "backend/postgres/test_known_drafts.py::test_drafts_are_known_from_their_verification_on_by_what_stands_in_the_rows": (
        "_cut",
        "_amendment",
    ),
    "backend/postgres/test_known_drafts.py::test_what_moves_in_another_document_leaves_these_drafts_known": ("_cut",),
    # From the release on; what it leads through is the other one's way.
    "backend/postgres/test_console_schema.py::test_an_older_database_becomes_what_a_new_one_is": ("*-10",),
    # A column, a row and what was sealed; the same changes stop an enactment in test_enactment.py.
    "backend/postgres/test_known_drafts.py::test_whatever_is_changed_behind_the_guards_is_known_no_more": (
        "another body",
        "a unit more under its prefix",
        "no seal",
        "another manifest",
        "another title",
        "another parent",
        "a unit missing",
        "a version more",
    ),
    # A setting; attributes and memberships are those of test_drift.py.
    "backend/postgres/test_stopper.py::test_a_change_of_the_role_is_a_drift": ("*SET search_path*",),
    # Of fields, blocks and texts some; all of them have another digest.
    "backend/postgres/test_manifest.py::test_a_manifest_that_is_not_the_signed_plan_is_refused": (
        "another title",
        "a longer text",
        "another body",
        "no manifest",
        "a block missing",
        "NULL for a text",
    ),
    # Of the statement, of its list and of what comes with it some.
    "backend/postgres/test_batches.py::test_a_ruling_over_a_batch_that_says_something_else_is_not_taken": (
        "a member left out",
        "another timeline",
        "another plan in the list",
        "another digest of the plans",
        "another number of members",
        "the list in another order",
        "a statement that does not come",
        "another policy",
        "a member named twice",
    ),
    # What is signed, who has signed it, and what it is over.
    "backend/postgres/test_batches.py::test_what_is_changed_after_the_signature_stops_the_write_of_every_member": (
        "the statement of a member",
        "the signatures",
        "the plan of another member",
        "the list",
    ),
    # Of each field one that is none.
    "backend/postgres/test_events.py::test_what_is_no_event_is_refused_with_the_step_that_it_came_with": (
        "a record too long",
        "no phase",
        "NULL",
        "a phase with a line break",
        "a negative number",
        "a key that is none",
    ),
    # Of the file, of the recipient and of the tables some.
    "backend/postgres/test_backup_proofs.py::test_a_proof_that_does_not_hold_is_not_recorded": (
        "another number of rows",
        "another digest",
        "a recipient by name",
        "no tables",
        "another table",
        "names alone",
        "no file",
    ),
    # A form, a threshold, a signer and a key.
    "backend/postgres/test_policy_pins.py::test_a_policy_that_cannot_be_satisfied_is_not_pinned": (
        "a threshold of none",
        "a space",
        "operators alone, and no solo",
        "no word on solo",
        "nobody",
        "two signers and one export",
        "a key twice",
    ),
    # A view, and a function of each sort.
    "backend/postgres/test_document_states.py::test_nothing_tells_the_monitoring_role_a_text_that_was_taken_back": (
        "*fn_unit_versions*",
        "*fn_state_versions*",
        "*v_in_force*",
    ),
    # Each column of a unit is compared in the same expression.
    "backend/postgres/test_document_states.py::test_a_unit_that_is_not_the_signed_one_is_named": ("body*",),
    # A revert, and a cut with its revert.
    "backend/postgres/test_probes.py::test_nothing_is_left_though_the_caller_commits": (
        "*fn_probe_revert*",
        "*{3,60}*",
    ),
    # By one refusal, whatever begins.
    "backend/postgres/test_repeals.py::test_of_a_repealed_document_no_run_begins": (
        "cut",
        "amend",
    ),
    "backend/postgres/test_repeals.py::test_a_sealed_repeal_holds_its_document": ("amendment",),
    # A text that is hardly one.
    "backend/postgres/test_repeals.py::test_a_repeal_has_no_manifest_and_no_text": ("a space",),
    # By one comparison, whichever it is.
    "backend/postgres/test_sessions.py::test_a_database_in_another_encoding_is_refused": ("*-LATIN1",),
    # A text, and a unit that is gone.
    "backend/postgres/test_edits.py::test_a_pass_is_taken_only_where_the_edit_is_there_and_a_fail_always": (
        "another body",
        "no such unit",
    ),
    # A text, and a unit more.
    "backend/postgres/test_reverts.py::test_a_signed_revert_takes_back_what_it_names_and_no_other_drafts": (
        "another body",
        "a unit more",
    ),
    # At the last moment.
    "backend/postgres/test_enactment.py::test_a_fail_that_is_newer_than_the_pass_blocks_the_enactment_and_a_newer_pass_opens_it": (
        "after arming",
    ),
    # The two effects of a cut.
    "backend/postgres/test_authority.py::test_no_function_writes_under_a_hold": (
        "fn_cut_apply",
        "fn_cut_enact",
    ),
    "backend/postgres/test_authority.py::test_a_lease_for_one_purpose_serves_no_other": (
        "fn_cut_enact",
        "fn_cut_apply",
    ),
    # The server is compared as a whole.
    "backend/postgres/test_rulings_elsewhere.py::test_drafts_that_were_verified_on_another_server_are_not_ruled_on": (
        "timeline = 99",
    ),
    "backend/postgres/test_rulings_elsewhere.py::test_a_cut_is_not_recorded_where_the_database_became_another_one_under_the_lease": (
        "timeline = 99",
    ),
    # At the end, and on the way.
    "backend/postgres/test_kept_numbers.py::test_the_kept_numbers_are_those_of_the_rows_after_each_step": (
        "enacted",
        "cut",
    ),
    # Of another server, of another timeline, and too old.
    "backend/postgres/test_backup_proofs.py::test_the_switch_is_not_armed_without_a_fresh_proof": (
        "of another server",
        "of another timeline",
        "an hour old",
    ),
    # Of a new database, of the release and of what came between: another owner, no word of ours, and names of ours.
    "backend/postgres/test_console_schema.py::test_somebody_elses_schema_of_the_name_is_refused_before_anything_is_changed": (
        "0-another owner's",
        "0-our owner's, without a word of ours",
        "21-another owner's, with our words",
        "10-with functions of our names",
    ),
}
