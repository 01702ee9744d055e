"""A small guide for snapshots: a change of the real pages must not turn pictures of the screen red."""

from console.backend.model.guide import GLOSSARY, STOP_PAGE, Guide, chapters_of

_LONG = (
    "The lease ends by itself when the run pauses, and with the process that holds it: a kill, a signal, a line that is lost, a "
    "reboot. The database opens no lease without a backup that was proven in the last hour by its own clock. "
)
PAGES = {
    "operator-guide": f"""# Operator guide

From an empty server to a first cut, its enactment, and a revert.

## 1. Install

The console runs on the database server, or on a host that can connect to it. It needs `gpg`, `pg_dump` and `pg_restore`.

```
python3 -m venv /opt/cutter
/opt/cutter/bin/cutter-console init          # creates /var/lib/cutter
```

## 2. A first cut

{_LONG}

```
cutter-console arm RUN --confirm RUN         # a lease of 15 minutes
cutter-console run resume RUN                # cuts, records, verifies
```

### Before you arm

| item | PASS if | usual repair |
|---|---|---|
| PRE-8 switch off | no HOLD, and no lease but this run's own | `cutter-console hold show`, `cutter-console disarm` |
| PRE-4 green dry run | a dry run of the same content passed every phase | `cutter-console run start FILE --docprefix P` |

### What a chapter with a long name says about an enactment of many documents at once

{_LONG * 3}
""",
    "runbook": f"""# Runbook

## The lease has expired

{_LONG}

1. See where the run stands: `cutter-console run show RUN`.
2. Arm the same run again; no second signature is needed.

> A lease is never extended.
""",
    STOP_PAGE: """# STOP codes

## STOP_EXECUTION_DISABLED

**What it means.** The switch is not armed for this run, the lease has ended, or what was typed is not the run id.

**Your data.** Nothing was written by the refused step.

**What to do.** See what is allowed now, and arm the same run again:

```
cutter-console run show RUN
cutter-console arm RUN --confirm RUN
```
""",
    GLOSSARY: """# Glossary

| term | meaning |
|---|---|
| điều | an article of a Vietnamese law |
| enactment | the transaction after which the drafts are law |
| lease | the time during which the switch is armed |
""",
}


def small_guide() -> Guide:
    """Return these pages."""
    return Guide(tuple(chapter for name, text in PAGES.items() for chapter in chapters_of(name, text, lambda _: "")))
