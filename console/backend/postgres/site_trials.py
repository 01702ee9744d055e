"""The SQL that the trials at an organisation have in common: how one ends, and what says nothing of what was tried."""

SAYS_NOTHING = "left(state, 2) IN ('08', '25', '40', '53', '57', '58', 'XX') OR state IN ('55006', '55P03')"
"""Condition on a refusal that says nothing of what was tried.

A lost line, a server that only reads, is full, shuts down or fails in itself, another transaction, a lock. What a
limit of the server refuses (54), as a text too long for an index, does say something, as does an object that is not in
the state for it (55).
"""
ENDING = """    -- OTHERS is every condition but a failed ASSERT and a cancelled statement.
    EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, violated = CONSTRAINT_NAME,
            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        -- These say nothing of what was tried: a lost line, a lock, a server that only reads, is full or shuts down.
        IF {says_nothing} THEN
            RAISE;
        END IF;
        -- Whoever raises the trial's own code, as a trigger of theirs may, has not let it come to its end.
        IF NOT finished AND refused IS NULL THEN
            violated := CASE WHEN strpos(message, violated) = 0 THEN 'constraint ' || violated END;
            refused := format('%s: %s', state, left(concat_ws('; ', message, violated, nullif(detail, ''), nullif(hint, '')), 500));
        END IF;
    END;
""".replace("{says_nothing}", SAYS_NOTHING)
"""End of the block in which everything is tried, which always ends with an error; what refused it is then in `refused`.

Its function has `finished`, true at the end of the trial, `refused`, and of the error `state`, `message`, `detail`,
`hint` and `violated`.
"""
