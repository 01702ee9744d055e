"""The scripts of the off-host package; a person reads and runs them on another machine, the console runs none."""

import shlex

from console.backend.model.readiness import Difference, DriftReport
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

_HEAD = """\
#!/usr/bin/env bash
# {what}
# Made by cutter-console from measurements; it holds no secret. Read it before you run it, and never run it on {host}.
set -euo pipefail

if [ "$(uname -n)" = {host_word} ]; then
  echo "this is the production host: run it on {place}" >&2
  exit 1
fi
"""
_MANIFEST = """\
checkout="${1:?usage: 01-build-manifest.sh CHECKOUT}"
cd -- "$checkout"
# Not inside the `if`: there a git that is absent, or does not answer, would pass for a checkout without changes.
changes="$(git status --porcelain)"
if [ -n "$changes" ]; then
  echo "the checkout has changes: commit them first, or the commit says nothing" >&2
  exit 1
fi
make manifest
sha256sum deploy-manifest.json
"""
_KEY = """\
home="${{1:?usage: {name} NEW-GNUPGHOME}}"
umask 077
mkdir -- "$home"
# gpg asks for a passphrase; the private key stays in NEW-GNUPGHOME, on this machine.
gpg --homedir "$home" --quick-generate-key {who} {algorithm} {usage} {expires}
fingerprint=""
listing="$(gpg --homedir "$home" --with-colons --list-keys)"
while IFS=: read -r kind _ _ _ _ _ _ _ _ value _; do
  if [ "$kind" = fpr ] && [ -z "$fingerprint" ]; then
    fingerprint="$value"
  fi
done <<< "$listing"
: "${{fingerprint:?gpg lists no key in $home}}"
gpg --homedir "$home" --armor --output {public} --export "$fingerprint"
if [[ "$(cat -- {public})" == *'PRIVATE KEY'* ]]; then
  echo "{public} holds a private key: destroy it" >&2
  exit 1
fi
printf 'fingerprint %s, public part in {public}\\n' "$fingerprint"
"""
_SQL_HEAD = """\
-- What differs in the database from what the last migration installed, and what would repair it.
-- Made by cutter-console from measurements; nothing of it was run. Read it, find out why it differs, then, as the administrator:
--   psql -X -v ON_ERROR_STOP=1 -f 04-grants-as-administrator.sql service=cutter_admin
-- Afterwards, on the host: cutter-console drift
-- Schema digest measured: {actual}
-- Schema digest pinned:   {pinned}
"""


class Place(Value):
    """The host that the package was made on and for."""

    host: SafeText
    root: SafeText
    manifest: SafeText
    """Path of the deploy manifest on the host."""
    gnupg_home: SafeText


def build_manifest_script(place: Place) -> bytes:
    """Return the script that tests the release in a clean checkout and builds its deploy manifest."""
    head = _head(
        "Run the tests of a clean checkout and build the deploy manifest of exactly that.", place, "a workstation"
    )
    steps = (
        f"copy deploy-manifest.json to {place.host}:{place.manifest}",
        "then, on the host: cutter-console init --pin (with --repin where another manifest is pinned)",
        "then, on the host: cutter-console manifest verify",
    )
    return _script(head, _MANIFEST, steps)


def backup_key_script(place: Place) -> bytes:
    """Return the script that generates the key that backups are encrypted to, and exports its public part."""
    head = _head(
        "Generate the key that backups are encrypted to; without its private part no backup can be read.",
        place,
        "a machine for keys",
    )
    body = _KEY.format(
        name="02-backup-key.sh",
        who=shlex.quote(f"cutter backups of {place.host}"),
        algorithm="future-default",
        usage="default",
        expires="2y",
        public="backup-key.public.asc",
    )
    steps = (
        "keep a copy of NEW-GNUPGHOME offline: who loses it loses every backup",
        f"copy backup-key.public.asc to {place.host}",
        f"then, on the host: gpg --homedir {place.gnupg_home} --import backup-key.public.asc",
        "then set backup_gpg_fpr in orchestrator.config.json to the fingerprint, and: cutter-console backup selftest",
    )
    return _script(head, body, steps)


def sovereign_key_script(place: Place) -> bytes:
    """Return the script that generates a signer's key, and exports its public part."""
    head = _head(
        "Generate the key of one who rules; it signs statements, on this machine alone.",
        place,
        "the signer's own machine",
    )
    body = 'name="${2:?usage: 03-sovereign-key.sh NEW-GNUPGHOME NAME}"\n' + _KEY.format(
        name="03-sovereign-key.sh",
        who='"$name"',
        algorithm="ed25519",
        usage="sign",
        expires="2y",
        public="sovereign-key.public.asc",
    )
    steps = (
        f"copy sovereign-key.public.asc to {place.host}, and compare the fingerprint with the signer in person",
        f"then, on the host: gpg --homedir {place.gnupg_home} --import sovereign-key.public.asc",
        "then name the fingerprint in approvals/policy.json, and: cutter-console gates G7",
    )
    return _script(head, body, steps)


def repair_sql(report: DriftReport) -> str:
    """Pure: the SQL that repairs the drift in one transaction; each difference is a comment above its statements."""
    head = _SQL_HEAD.format(actual=report.schema_digest, pinned=report.pinned_digest or "none")
    if not report.differences:
        return f"{head}\n-- No difference was found.\n"
    blocks = "".join(_repair_block(number, difference) for number, difference in enumerate(report.differences, 1))
    return f"{head}\nBEGIN;\n{blocks}\nCOMMIT;\n"


def _repair_block(number: int, difference: Difference) -> str:
    # A line of the report is inert text on one line: a name out of the catalogue cannot leave its comment.
    heading = (
        f"{number}. {difference.what} {difference.subject}: expected {difference.expected}, found {difference.actual}"
    )
    return "\n".join(("", f"-- {safe_text(heading)}", *difference.repair, ""))


def _head(task: str, place: Place, machine: str) -> str:
    return _HEAD.format(what=task, host=place.host, host_word=shlex.quote(place.host), place=machine)


def _script(head: str, body: str, steps: tuple[str, ...]) -> bytes:
    next_steps = "".join(f"printf '%s\\n' {shlex.quote(f'next: {step}')}\n" for step in steps)
    return f"{head}\n{body}{next_steps}".encode()
