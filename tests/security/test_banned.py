"""What our source never does: each of these was an incident somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted(ROOT.glob("tracker/**/*.py"))

# What is banned -> why, and where it may be all the same.
BANNED = {
    r"\bloads_unsafe\b": "it returns what a forged token says",
    r"\b(URLSafe\w*|Timed\w*|JSONWeb\w*)Serializer\b": "SHA-1 and a public salt, and malleable tokens",
    r"\bpickle\b|\bmarshal\b|\bshelve\b": "reading it runs what it says",
    r"\beval\(|\bexec\(": "it runs what it is given",
    r"yaml\.load\(|UnsafeLoader|FullLoader": "it makes any object that the file names",
    r"\bHTTPFound\b|\bHTTPMovedPermanently\b": "aiohttp rewrites the address: a plain Response with Location",
    r"xml\.etree|xml\.dom|xml\.sax\.(?!saxutils)|\blxml\b": "entities that grow: core/safe_xml.py",
    r"ssl=False|verify=False|CERT_NONE|check_hostname": "anybody may answer",
    r"shell=True|os\.system|os\.popen": "a shell reads what somebody sent",
    r"\bmd5\(|\bsha1\((?!.*usedforsecurity=False)": "broken; only partners' own schemes name them, as values",
}


def test_there_are_sources() -> None:
    assert len(SOURCES) > 300


@pytest.mark.parametrize("pattern", BANNED)
def test_what_is_banned_is_nowhere(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}: {BANNED[pattern]}"
        for path in SOURCES
        for line in code_of(path).splitlines()
        if re.search(pattern, line)
    ]
    assert found == []


def test_every_signer_has_a_digest_a_derivation_and_a_salt_of_its_own() -> None:
    """By itself itsdangerous takes SHA-1, a weak derivation and one public salt for all (reliability.md 4.2)."""
    calls = [call for path in SOURCES for call in calls_of(path, "Signer")]
    assert len(calls) == 2
    for call in calls:
        said = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert said.keys() >= {"salt", "key_derivation", "digest_method"}
        assert (said["key_derivation"], said["digest_method"]) == ("'hmac'", "hashlib.sha256")


def test_each_purpose_has_a_salt_of_its_own() -> None:
    salts = [
        argument.value
        for path in SOURCES
        for name in ("_Purpose", "Signer")
        for call in calls_of(path, name)
        for argument in [*call.args, *(word.value for word in call.keywords if word.arg == "salt")]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value.endswith(".v1")
    ]
    assert len(salts) >= 7
    assert len(salts) == len(set(salts))


def test_only_the_notifier_speaks_to_the_world() -> None:
    """There is no request of ours whose address somebody else can choose: no SSRF. The demo shops and the simulator
    are on this machine; the warehouse process is asked through its unix socket."""
    clients = re.compile(r"ClientSession\(|urlopen|http\.client|\brequests\.\w|create_connection\(|open_connection\(")
    found = {str(path.relative_to(ROOT)) for path in SOURCES if clients.search(path.read_text())}
    apart = {one for one in found if re.match("tracker/(demo/|simulate/|app/demo_|commands/serve)", one)}
    assert found - apart <= {
        "tracker/notify/post.py", "tracker/store/warehouse/socket_client.py", "tracker/app/simulated.py",
    }  # fmt: skip
    assert "allow_redirects=False" in (ROOT / "tracker/notify/post.py").read_text()


def code_of(path: Path) -> str:
    """Without comments and docstrings: they may name what is banned."""
    return ast.unparse(_WithoutDocstrings().visit(ast.parse(path.read_text())))


class _WithoutDocstrings(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return ast.Pass() if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def calls_of(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).removesuffix("[LinkClaim]") == name:
            yield node
