"""The driver: reads the terminal through `Keyboard`, so that no byte ends the console."""

import os
import select
import time

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from console.keyboard import Keyboard

MOMENT_SECONDS = 0.1
"""A silence after which an escape byte is the key of that name."""
_MOST_READ = 4096


class SteadyDriver(LinuxDriver):
    """Textual's driver for this system with another reader."""

    def run_input_thread(self) -> None:
        """Hand on what comes until the console ends; a terminal that is gone is the guard's business."""
        keyboard = Keyboard()
        while not self.exit_event.is_set():
            for message in self._read(keyboard):
                self.process_message(message)

    def _read(self, keyboard: Keyboard) -> list[Message]:
        try:
            if not select.select([self.fileno], [], [], MOMENT_SECONDS)[0]:
                return keyboard.tick(time.monotonic())
            data = os.read(self.fileno, _MOST_READ)
        except (OSError, ValueError):
            data = b""
        if not data:
            self.exit_event.wait(MOMENT_SECONDS)
            return []
        return keyboard.feed(data, time.monotonic())
