"""A store: as much of what Redis does as a shopping cart needs."""

from collections.abc import Sequence

Reply = str | int | None | list[str]


class StoreError(Exception):
    """A command that a store refuses, in the words that it answers with."""


class MemoryStore:
    """Texts and hashes, in memory."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._hashes: dict[str, dict[str, str]] = {}

    def execute(self, words: Sequence[str]) -> Reply:
        """Execute a command.

        Raises:
            StoreError: The command is unknown, or has the wrong number of words.
        """
        name, arguments = words[0].upper(), list(words[1:])
        try:
            return self._execute(name, arguments)
        except (ValueError, IndexError) as error:
            raise StoreError(f"ERR wrong arguments for '{words[0].lower()}' command") from error

    def _execute(self, name: str, arguments: list[str]) -> Reply:
        match name:
            case "PING":
                return arguments[0] if arguments else "PONG"
            case "CLIENT" | "SELECT":
                return "OK"
            case "INFO":
                return "# Server\r\nredis_version:7.0.0\r\nrole:master\r\n"
            case "GET":
                (key,) = arguments
                return self._texts.get(key)
            case "SET":
                key, text = arguments[:2]
                self._texts[key] = text
                return "OK"
            case "EXISTS":
                return sum(key in self._texts or key in self._hashes for key in arguments)
            case "DEL":
                removed = [(self._texts.pop(key, None), self._hashes.pop(key, None)) for key in arguments]
                return sum(text is not None or fields is not None for text, fields in removed)
        return self._execute_hash(name, arguments)

    def _execute_hash(self, name: str, arguments: list[str]) -> Reply:
        match name:
            case "HGET":
                key, field = arguments
                return self._hashes.get(key, {}).get(field)
            case "HGETALL":
                (key,) = arguments
                return [word for pair in self._hashes.get(key, {}).items() for word in pair]
            case "HSET":
                key, pairs = arguments[0], arguments[1:]
                fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
                before = len(self._hashes.get(key, {}))
                self._hashes.setdefault(key, {}).update(fields)
                return len(self._hashes[key]) - before
            case "HINCRBY":
                key, field, amount = arguments
                number = int(self._hashes.get(key, {}).get(field, "0")) + int(amount)
                self._hashes.setdefault(key, {})[field] = str(number)
                return number
        raise StoreError(f"ERR unknown command '{name.lower()}'")
