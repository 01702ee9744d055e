"""The bodies of a manifest are slices of the signed text that follow one another, whatever their digests say."""

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres import ledger
from tests.backend.postgres.signed_cut import SignedCut, event, stopped


def test_bodies_that_overlap_are_refused_though_each_has_its_sha256(cut: SignedCut) -> None:
    """The digest of each body is right: only their places say that text is used twice."""
    one, two, three = cut.units
    body = cut.canonical[one.byte_start : two.byte_end]
    changed = two.model_copy(update={"byte_start": one.byte_start, "body_sha256": sha256_hex(body)})
    manifest = ledger.manifest_bytes((one, changed, three))
    cut.rule(changes={"manifest_digest": sha256_hex(manifest)})
    cut.arm()
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        connection.execute(
            "SELECT cutter_console.fn_cut_apply(%s, %s, %s, %s)", (cut.run_id, manifest, cut.canonical, event())
        )
    assert cut.lifecycles() == []
