"""Request of `serve`; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field

from console.cli.arguments import Checked, Options, number, option, switch


@dataclass(frozen=True, slots=True)
class Serve(Checked):
    """Show the console in a browser, to look only."""

    read_only: bool = field(default=False, metadata=switch("required: a console in a browser only reads"))
    address: str = field(
        default="127.0.0.1",
        metadata=option(
            "ADDRESS", "IP address to listen on; another than a loopback one is open to everybody who reaches it"
        ),
    )
    port: int = field(default=8000, metadata=number("PORT", "port to listen on; 0 takes a free one", 0, 65535))

    def usage_problem(self, options: Options) -> str:  # noqa: ARG002 - the same for every installation
        """Return why it is not served, or an empty text."""
        if not self.read_only:
            return "a browser has no authority here: give --read-only"
        from ipaddress import ip_address

        try:
            address = ip_address(self.address)
        except ValueError:
            return "--address takes an IP address, such as 127.0.0.1"
        return "--address names one address: every interface at once is not served" if address.is_unspecified else ""
