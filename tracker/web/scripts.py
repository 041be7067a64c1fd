"""Our own scripts as they are sent: without comments and indentation."""


def as_sent(source: str) -> str:
    """Lines stay lines: a script that fails says where."""
    lines = (line.strip() for line in source.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
