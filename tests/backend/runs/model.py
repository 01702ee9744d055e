"""Two operators, a sovereign and an unkind world at one run, in any order: whatever they do, the promises hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from console.backend.model.errors import CutterError
from console.backend.model.states import Family, Move, Stage, is_over
from console.backend.model.view_models import Progress, SwitchState
from console.backend.runs import kill_switch
from tests.support.passage import UNITS, Passage

_USES = "SELECT purpose FROM cutter_governance.approval_use ORDER BY used_at"
_FOREIGN = "SELECT count(*) FROM public.information_unit WHERE doc_code <> 'ACME-LAW'"
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE %s AND state LIKE %s"
_TERMINATE = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE usename IN ('cutter_exec', 'cutter_verify') AND datname = current_database()
"""
DRIFT, REPAIR = (
    "GRANT DELETE ON public.unit_version TO cutter_ro",
    "REVOKE DELETE ON public.unit_version FROM cutter_ro",
)
BEFORE = tuple(Stage)[: tuple(Stage).index(Stage.CUT_LEG_A_COMMITTED)]
LAW = (Stage.LIFECYCLE_ENACTED, Stage.CLOSEOUT_REPORTED)
OPERATORS = st.sampled_from(["anna", "bert"])


class Operators(RuleBasedStateMachine):
    """Each rule is something that somebody does; it may be refused, and nothing else may come of it than an error of the product."""

    def __init__(self, at: Callable[[str], Passage]) -> None:
        super().__init__()
        self.passage = at("waits for SG_1")
        self.signed: set[str] = set()
        self.refusals: list[CutterError] = []
        self.held_uses: list[tuple[object, ...]] | None = None

    def by(self, operator: str) -> Passage:
        """The run as this operator has it before them."""
        return self.passage.with_site(replace(self.passage.installation, operator=operator))

    def tried(self, call: Callable[[], object]) -> bool:
        """Whether it was accepted; a refusal has a reason and says what to do."""
        try:
            call()
        except CutterError as refused:
            self.refusals.append(refused)
            return False
        return True

    @rule()
    def sign(self) -> None:
        """The statement that the run waits for is drafted, signed and imported."""

        def sign() -> None:
            drafted = self.passage.backend.draft_statement(self.passage.run_id)
            signed = drafted.signature_paths or (self.passage.backend.sign_as_demo_sovereign(drafted.statement_path),)
            self.passage.backend.import_statement(drafted.statement_path, signed)
            self.signed.add(drafted.kind)

        self.tried(sign)

    @rule(operator=OPERATORS)
    def proceed(self, operator: str) -> None:
        """Make the first of the moves, as who reads the screen would."""
        run = self.passage.run()
        match run.moves[0]:
            case Move.CONTINUE:
                self.tried(self.by(operator).resume)
            case Move.ARM:
                if "SG_1" not in self.signed:
                    self.sign()
                self.arm(operator)
            case Move.IMPORT_SG_2 | Move.ENACT:
                self.sign()
                self.enact(operator)
            case _:
                self.settle()

    @rule(operator=OPERATORS)
    def proceed_further(self, operator: str) -> None:
        """The same: most of what people do is to go on."""
        self.proceed(operator)

    @rule()
    def sign_as_nobody(self) -> None:
        """A signature that is none is refused."""

        def sign() -> None:
            drafted = self.passage.backend.draft_statement(self.passage.run_id)
            false = drafted.statement_path.with_name("nobody.asc")
            false.write_bytes(b"-----BEGIN PGP SIGNATURE-----\n\nnone\n-----END PGP SIGNATURE-----\n")
            self.passage.backend.import_statement(drafted.statement_path, (false,))

        assert not self.tried(sign)

    @rule(operator=OPERATORS)
    def arm(self, operator: str) -> None:
        """Armed only under an imported SG_1."""
        if self.tried(self.by(operator).arm):
            assert "SG_1" in self.signed

    @rule(operator=OPERATORS)
    def disarm(self, operator: str) -> None:
        """Never refused; the switch is off, or a HOLD."""
        assert self.tried(self.by(operator).backend.disarm)
        assert self._switch() is not SwitchState.ARMED

    @rule(operator=OPERATORS)
    def panic(self, operator: str) -> None:
        """Never refused."""
        assert self.tried(lambda: self.by(operator).backend.panic("a test"))
        assert self._switch() is SwitchState.HOLD

    @rule(word=st.sampled_from(["RELEASE", "release", ""]))
    def release(self, word: str) -> None:
        """By the whole word alone."""
        before = self._switch()
        done = self.tried(lambda: self.passage.backend.release_hold(word))
        assert done or word != "RELEASE"
        if word != "RELEASE":
            assert self._switch() is before

    @rule(operator=OPERATORS)
    def cut(self, operator: str) -> None:
        """Go on."""
        self.tried(self.by(operator).resume)

    @rule(operator=OPERATORS)
    def enact(self, operator: str) -> None:
        """Law only under an imported SG_2."""
        if self.tried(self.by(operator).enact):
            assert "SG_2" in self.signed

    @rule(operator=OPERATORS)
    def revert(self, operator: str) -> None:
        """Take the drafts back."""
        self.tried(lambda: self.by(operator).backend.revert(self.passage.run_id, self.passage.run_id))

    @rule()
    def void(self) -> None:
        """End what has written nothing."""
        self.tried(lambda: self.passage.backend.void(self.passage.run_id, "a test"))

    @rule()
    def settle(self) -> None:
        """Ask again."""
        self.tried(lambda: self.passage.backend.settle(self.passage.run_id))

    @rule(moment=st.integers(0, 12), enacts=st.booleans(), how=st.sampled_from(["interrupt", "terminate", "hold"]))
    def crash(self, moment: int, enacts: bool, how: str) -> None:
        """Something ends the work at one of its moments: a signal, a server that ends the sessions, a HOLD file."""
        seen = 0

        def end(_: Progress) -> None:
            nonlocal seen
            seen += 1
            if seen - 1 != moment:
                return
            if how == "interrupt":
                raise KeyboardInterrupt
            if how == "terminate":
                self.passage.execute(_TERMINATE)
            else:
                self.passage.installation.hold_file.touch()

        run_id, backend = self.passage.run_id, self.passage.backend
        try:
            self.tried(lambda: backend.enact(run_id, run_id, end) if enacts else backend.resume(run_id, end))
        except KeyboardInterrupt:
            assert how == "interrupt"
        assert self._switch() is not SwitchState.ARMED or seen == 0

    @rule()
    def drift(self) -> None:
        """Somebody changes a grant; while it is so, nothing is armed."""
        self.passage.execute(DRIFT)
        try:
            if self._switch() is SwitchState.OFF:
                assert not self.tried(self.passage.arm)
        finally:
            self.passage.execute(REPAIR)

    @rule(hours=st.sampled_from([-30, -1, 1, 30]))
    def jump(self, hours: int) -> None:
        """The host's clock jumps; what is decided by the database's clock stays as it was."""
        installation, real = self.passage.installation, self.passage.installation.context.now
        jumped = replace(installation.context, now=lambda: real() + timedelta(hours=hours))
        there = self.passage.with_site(replace(installation, context=jumped))
        self.tried(there.arm)
        self.tried(there.backend.disarm)

    @rule()
    def look(self) -> None:
        """Whoever only looks changes nothing, and is never refused."""
        before = self.passage.rows(_USES)
        self.passage.backend.status()
        self.passage.backend.runs()
        assert self.passage.rows(_USES) == before

    def _switch(self) -> SwitchState:
        return kill_switch.measure_switch(self.passage.installation).state

    @invariant()
    def the_units_are_those_of_the_stage(self) -> None:
        """All or none, and only under the ruling for it, used once."""
        run, units = self.passage.run(), self.passage.lifecycles()
        used = [str(purpose) for (purpose,) in self.passage.rows(_USES)]
        assert len(used) == len(set(used))
        match run.state.family, run.state.stage:
            case (Family.REVERTED, _):
                assert (units, used) == (["superseded"] * UNITS, ["cut", "revert"])
            case (_, stage) if stage in LAW:
                assert (units, used) == (["enacted"] * UNITS, ["cut", "enact"])
            case (_, stage) if stage in BEFORE:
                assert (units, used) == ([], [])
            case (family, _):
                assert family is not Family.VOIDED
                assert (units, used) == (["draft"] * UNITS, ["cut"])
        assert not ("cut" in used and "SG_1" not in self.signed)
        assert not ("enact" in used and "SG_2" not in self.signed)
        assert self.passage.rows(_FOREIGN) == [(0,)]

    @invariant()
    def there_is_a_move_and_the_record_is_sound(self) -> None:
        """Nothing is locked, and the journal is what was written."""
        run = self.passage.run()
        assert is_over(run.state) or set(run.moves) - {Move.REPORT}
        assert Move.SETTLE not in run.moves or run.interruption is not None
        assert not run.journal.startswith("FAIL"), run.journal

    @invariant()
    def nothing_is_written_under_a_hold(self) -> None:
        """As long as a HOLD stands, no ruling is used."""
        uses = self.passage.rows(_USES)
        if self._switch() is not SwitchState.HOLD:
            self.held_uses = None
            return
        assert self.held_uses is None or uses == self.held_uses
        self.held_uses = uses

    def teardown(self) -> None:
        """Whatever was done, moves lead on from here: the run can be looked at, and no session is left in a transaction."""
        assert self.passage.rows(_OPEN, "cutter%", "idle in transaction%") == [(0,)]
        assert all(refused.message and refused.next_action for refused in self.refusals)


def walk(at: Callable[[str], Passage], sequences: int, steps: int, number: int) -> None:
    """Do so many sequences of so many steps, which follow from the number. Raises what a broken promise raises.

    The first sequence that hypothesis makes is the simplest there is, one rule over and over: it is done and not counted.
    """

    class FromTheFirstPause(Operators):
        def __init__(self) -> None:
            super().__init__(at)

    run_state_machine_as_test(
        seed(number)(FromTheFirstPause),
        settings=settings(
            max_examples=sequences + 1,
            stateful_step_count=steps,
            derandomize=False,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
