"""Round trips of the commands that read a database of another layout, where nothing of the console is installed."""

import json

from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.scratch.cluster import PORT
from tests.adoption.conftest import Adopted
from tests.support.round_trips import counting_proxy

MOST = {
    ("status",): 12,
    ("counts",): 12,
    ("gates",): 40,
    ("unit", "list"): 16,
    ("unit", "show", "LIB-RULES/S001"): 17,
    ("adopt", "inspect"): 13,
    ("init", "--pin"): 7,
    ("drift",): 9,
}
"""At 100 ms each a second is ten of them; the gates have ten seconds, and ask side by side."""


def test_a_command_that_reads_waits_for_the_server_no_more_often_than_this(adopted: Adopted) -> None:
    """The monitoring role's tries on 17 tables were 150 round trips, one after the other, and counting these was 51."""
    config = adopted.installation.root / CONFIG_NAME
    with counting_proxy(adopted.database.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        settings = json.loads(config.read_bytes())
        settings["database"] = {name: value and proxy.conninfo(value) for name, value in settings["database"].items()}
        config.write_text(json.dumps(settings), encoding="utf-8")
        trips = {}
        for words in MOST:
            proxy.taken()
            status, _, said = adopted.command(*words)
            assert status in {0, 1, 7}, said
            lines = [line for line in proxy.taken() if line.is_of_the_console]
            trips[words] = (sum(line.trips for line in lines), len(lines))
    assert all(logins for _, logins in trips.values()), trips
    assert {words: told for words, told in trips.items() if told[0] > MOST[words]} == {}, trips
