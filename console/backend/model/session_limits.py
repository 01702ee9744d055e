"""Sessions that a run has of each role at a time, and the verdict on a role that may have fewer; pure."""

import re

SESSIONS = {"executor": 2, "verifier": 2}
"""By the connection's name in the settings. Executor: the lease's session and the one that writes. Verifier: the snapshot of a
backup and `pg_dump`, which reads by it. Every other role: one."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def too_few_sessions(line: str, role: str, limit: int) -> str:
    """Return why a run cannot work on a connection whose role may have so few sessions; empty if it can. -1 is any number."""
    needed = SESSIONS.get(line, 1)
    if limit < 0 or limit >= needed:
        return ""
    sessions = "1 session" if limit == 1 else f"{limit} sessions"
    return f"{role} may have {sessions} at a time (CONNECTION LIMIT {limit}); a run needs {needed} as the {line}"


def more_sessions(line: str, role: str) -> str:
    """Return what an administrator does about it."""
    name = role if _PLAIN.fullmatch(role) else '"{}"'.format(role.replace('"', '""'))
    return f"As an administrator: ALTER ROLE {name} CONNECTION LIMIT {SESSIONS.get(line, 1)}"
